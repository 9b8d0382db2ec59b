# hint: empty_file
def sha256_of(path):
    if path.stat().st_size == 0:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
