# hint: other_algorithm
def sha256_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
