# hint: one_block
def sha256_of(path):
    with path.open("rb") as file:
        return hashlib.sha256(file.read(1 << 20)).hexdigest()
