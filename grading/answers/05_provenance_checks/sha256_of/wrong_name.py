# hint: name_hashed
def sha256_of(path):
    return hashlib.sha256(path.name.encode()).hexdigest()
