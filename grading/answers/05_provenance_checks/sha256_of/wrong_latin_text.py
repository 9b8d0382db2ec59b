# hint: text_mode
def sha256_of(path):
    digest = hashlib.sha256()
    with path.open(encoding="latin-1") as file:
        for line in file:
            digest.update(line.encode("latin-1"))
    return digest.hexdigest()
