# hint: text_mode
def sha256_of(path):
    digest = hashlib.sha256()
    with path.open() as file:
        for line in file:
            digest.update(line.encode())
    return digest.hexdigest()
