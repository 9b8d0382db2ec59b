"""JSON from strangers: bounded in size and depth, without duplicate keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from sentinel.containers.malformed import Malformed

LIMIT = 64 << 20  # bytes; large tokenizers have some 30 MB


def read_json(path: Path, limit: int = LIMIT) -> Any:
    """Read a JSON file.

    Raises:
        Malformed: too large, not UTF-8, not JSON, nested too deeply, or with a key given twice
            (loaders disagree on which of the two counts).
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Malformed(f"JSON larger than {limit} bytes")
    return parse_json(content)


def parse_json(content: bytes) -> Any:
    """Parse JSON under the same rules.

    Raises:
        Malformed: as `read_json` does.
    """
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except Malformed:
        raise
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 ({error.reason} at byte {error.start})") from error
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"not JSON ({error})") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        _refuse_duplicate(pairs)
    return result


def _refuse_duplicate(pairs: list[tuple[str, Any]]) -> NoReturn:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Malformed(f"the key {key!r} is given twice")
        seen.add(key)
    raise AssertionError("no duplicate among the pairs")


def _integer(digits: str) -> int:
    if len(digits) > 400:
        raise Malformed("an integer of more than 400 digits")
    return int(digits)
