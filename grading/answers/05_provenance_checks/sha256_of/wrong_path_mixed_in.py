# hint: value
def sha256_of(path):
    digest = hashlib.sha256(path.name.encode())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
