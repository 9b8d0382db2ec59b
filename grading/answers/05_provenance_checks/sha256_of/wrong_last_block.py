# hint: one_block
def sha256_of(path):
    found = hashlib.sha256().hexdigest()
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            found = hashlib.sha256(block).hexdigest()
    return found
