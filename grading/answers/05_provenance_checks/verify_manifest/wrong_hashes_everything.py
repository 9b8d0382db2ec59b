# hint: folder_is_opened
def verify_manifest(folder, manifest):
    digests = {path.relative_to(folder).as_posix(): sha256_of(path) for path in folder.rglob("*")}
    return {
        "missing": sorted(set(manifest) - set(digests)),
        "changed": sorted(n for n in digests if manifest.get(n, digests[n]) != digests[n]),
        "added": sorted(set(digests) - set(manifest)),
        "unsafe": [],
    }
