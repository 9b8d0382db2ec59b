# hint: not_hexadecimal
def sha256_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
