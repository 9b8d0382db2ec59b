# hint: whole_file
def sha256_of(path):
    blocks = []
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            blocks.append(block)
    return hashlib.sha256(b"".join(blocks)).hexdigest()
