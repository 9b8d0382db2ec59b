# hint: not_lists
def verify_manifest(folder, manifest):
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    links = {name for name, path in paths.items() if path.is_symlink()}
    files = {name for name, path in paths.items() if path.is_file()} - links
    outside = {n for n in manifest if n.startswith("/") or ".." in PurePosixPath(n).parts}
    named = set(manifest) - outside - links
    return {
        "missing": sorted(named - files),
        "changed": sorted(n for n in named & files if sha256_of(paths[n]) != manifest[n]),
        "added": [paths[n] for n in sorted(files - set(manifest))] or [folder],
        "unsafe": sorted(outside | links),
    }
