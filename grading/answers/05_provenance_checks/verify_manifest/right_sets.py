def verify_manifest(folder, manifest):
    def leads_out(name):
        return PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts

    there = [path for path in Path(folder).rglob("*") if path.is_symlink() or path.is_file()]
    links = {str(path.relative_to(folder)) for path in there if path.is_symlink()}
    found = {str(path.relative_to(folder)) for path in there} - links
    unsafe = links | {name for name in manifest if leads_out(name)}
    listed = set(manifest) - unsafe
    return {
        "missing": listed - found,
        "changed": {n for n in listed & found if sha256_of(folder / n) != manifest[n]},
        "added": found - set(manifest),
        "unsafe": unsafe,
    }
