"""Where the course's own files lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"


def data_file(*parts: str) -> Path:
    """Return the path of a file or folder under `data/`.

    Raises:
        FileNotFoundError: it is not there, for instance in an incomplete copy of the course.
    """
    path = DATA.joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing. The course needs its whole folder: "
            "clone the repository again, or run `git checkout -- data`."
        )
    return path
