"""What is trusted, allowed and expected, as data: tables that can be read and changed."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


def read_table(name: str) -> dict[str, Any]:
    """Read one of the tables that come with the package."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
