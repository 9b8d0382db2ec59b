import os


def verify_manifest(folder, manifest):
    files, links = {}, set()
    for root, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(root) / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                links.add(relative)
            elif path.is_file():
                files[relative] = path
    result = {"missing": [], "changed": [], "added": [], "unsafe": list(links)}
    for name, digest in manifest.items():
        if name in links:
            continue
        if name.startswith("/") or ".." in name.split("/"):
            result["unsafe"].append(name)
        elif name not in files:
            result["missing"].append(name)
        elif sha256_of(files[name]) != digest:
            result["changed"].append(name)
    result["added"] = [name for name in files if name not in manifest]
    return result
