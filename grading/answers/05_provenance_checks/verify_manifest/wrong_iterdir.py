# hint: subfolders
def verify_manifest(folder, manifest):
    paths = {path.relative_to(folder).as_posix(): path for path in folder.iterdir()}
    links = {name for name, path in paths.items() if path.is_symlink()}
    files = {name for name, path in paths.items() if path.is_file()} - links
    outside = {n for n in manifest if n.startswith("/") or ".." in PurePosixPath(n).parts}
    named = set(manifest) - outside - links
    return {
        "missing": sorted(named - files),
        "changed": sorted(n for n in named & files if sha256_of(paths[n]) != manifest[n]),
        "added": sorted(files - set(manifest)),
        "unsafe": sorted(outside | links),
    }
