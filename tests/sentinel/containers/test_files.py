import os
from pathlib import Path

from sentinel.containers.files import check_files, walk


def test_walk_finds_files_and_links_that_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b").symlink_to("../a")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / "out").symlink_to("/etc/hostname")
    assert walk(tmp_path) == [Path("a"), Path("sub/b")]


def test_what_deceives_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc/hostname")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a\u202eb").write_text("")
    (tmp_path / "Config.json").write_text("")
    (tmp_path / "config.json").write_text("")
    issues = {issue.file: str(issue) for issue in check_files(tmp_path).issues}
    assert issues == {
        "out": "Link leaves the folder",
        "broken": "Broken link",
        "loop": "Broken link",
        "pipe": "Special file",
        "a\\u202eb": "Deceptive file name",
        "Config.json": "Ambiguous file name",
        "config.json": "Ambiguous file name",
    }
