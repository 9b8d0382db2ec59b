# hint: missing_is_opened
def verify_manifest(folder, manifest):
    report = {"missing": [], "changed": [], "added": [], "unsafe": []}
    for name, digest in manifest.items():
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            report["unsafe"].append(name)
        elif sha256_of(folder / name) != digest:
            report["changed"].append(name)
    return report
