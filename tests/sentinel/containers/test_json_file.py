from pathlib import Path

import pytest

from sentinel.containers.json_file import parse_json, read_json
from sentinel.containers.malformed import Malformed


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1, "a": 2}', b"[" * 200_000, b"\xff\xfe", b"{", b"", b"1" * 10_000, b'{"a": }'],
)
def test_what_loaders_could_read_differently_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(content)


def test_ordinary_json_is_read_within_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('\ufeff{"a": [1, 2.5, null, "ä"]}', encoding="utf-8")
    assert read_json(path) == {"a": [1, 2.5, None, "ä"]}
    with pytest.raises(Malformed, match="larger"):
        read_json(path, limit=10)
