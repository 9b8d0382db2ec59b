# hint: leaves_the_folder
def verify_manifest(folder, manifest):
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    links = {name for name, path in paths.items() if path.is_symlink()}
    files = {name for name, path in paths.items() if path.is_file()} - links
    outside = {n for n in manifest if n.startswith("/")}
    named = set(manifest) - outside - links
    return {
        "missing": sorted(n for n in named if not (folder / n).exists()),
        "changed": sorted(n for n in named if (folder / n).is_file() and sha256_of(folder / n) != manifest[n]),
        "added": sorted(files - set(manifest)),
        "unsafe": sorted(outside | links),
    }
