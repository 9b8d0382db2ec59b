# hint: not_text
def sha256_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")
