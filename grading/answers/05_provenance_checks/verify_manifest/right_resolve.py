def verify_manifest(folder, manifest):
    root = folder.resolve()
    report = {"missing": [], "changed": [], "added": [], "unsafe": []}
    seen = set()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            report["unsafe"].append(name)
        elif path.is_file():
            seen.add(name)
            if name not in manifest:
                report["added"].append(name)
            elif sha256_of(path) != manifest[name]:
                report["changed"].append(name)
    for name in manifest:
        if name in seen or name in report["unsafe"]:
            continue
        inside = (root / name).resolve().is_relative_to(root)
        report["missing" if inside else "unsafe"].append(name)
    return report
