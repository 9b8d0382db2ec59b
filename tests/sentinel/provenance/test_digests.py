import hashlib
import subprocess
from pathlib import Path

import pytest

from sentinel.provenance import known_models
from sentinel.provenance.digests import digest_file, digest_folder, digest_table


def test_digests_are_those_of_hashlib_and_git(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"weights" * 300_000)
    digest = digest_file(path)
    assert digest.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    git = subprocess.run(["git", "hash-object", path], capture_output=True, text=True, check=True)
    assert digest.git_blob == git.stdout.strip()
    assert digest.size == path.stat().st_size


def test_progress_counts_every_byte_and_missing_files_are_errors(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(3_000_000))
    (tmp_path / "empty").write_bytes(b"")
    seen: list[int] = []
    files = [Path("a"), Path("empty"), Path("gone")]
    digests, errors = digest_folder(tmp_path, files, lambda _name, count: seen.append(count))
    assert sum(seen) == 3_000_000
    assert list(digests) == ["a", "empty"]
    assert list(errors) == ["gone"]


def test_a_table_of_digests_can_be_read_as_a_list(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    digests, _ = digest_folder(tmp_path, [Path("a")])
    listed = tmp_path / "list.toml"
    listed.write_text(digest_table("model", digests))
    (model,) = known_models.read(listed)
    assert model.sha256 == {"a": hashlib.sha256(b"a").hexdigest()}


@pytest.mark.parametrize("text", ["[a]\nhub = 'x'", "[a.sha256]\nf = 'short'", "not toml", "a = 1"])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    listed = tmp_path / "list.toml"
    listed.write_text(text)
    with pytest.raises(ValueError, match=r"list\.toml"):
        known_models.read(listed)
