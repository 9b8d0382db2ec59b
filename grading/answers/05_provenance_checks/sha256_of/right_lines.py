def sha256_of(path):
    digest = hashlib.new("sha256")
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
    return digest.hexdigest()
