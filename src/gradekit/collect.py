"""Collecting submissions: folders, zip archives and single notebooks, as people send them.

nbgrader's `zip_collect` stops the whole batch at the first doubtful file; here each entry stands
alone, and what cannot be used becomes a line in the report. Archives are never unpacked to disk:
only the lesson's notebook is read from them, up to a limit.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gradekit.course import CourseError, course_root
from gradekit.reading import damage_of

LARGEST_NOTEBOOK = 50_000_000  # bytes
STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
TIMESTAMP_FILE = "timestamp.txt"


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: the student's id.
        content: the notebook file, byte for byte.
        handed_in: when, as nbgrader reads it (UTC).
    """

    student: str
    content: bytes
    handed_in: str


@dataclass(frozen=True)
class Collected:
    """The result of a collection.

    Attributes:
        students: whose submission was taken.
        problems: a line for each that was not, or that will not be gradable.
    """

    students: list[str]
    problems: list[str]


def collect(source: Path, lesson: str) -> Collected:
    """Take the submissions of a lesson from a folder into nbgrader's `submitted`.

    Each entry of the folder is a student: a folder `STUDENT/`, an archive `STUDENT.zip`, or a
    notebook `STUDENT.ipynb` or `STUDENT_LESSON.ipynb`. Inside, the notebook may carry the name
    that a download gave it ("Copy of ...", "... (1)"). The time is the one in `timestamp.txt`,
    else the file's. A submission collected before is replaced by this one.

    Raises:
        CourseError: the folder does not exist.
    """
    if not source.is_dir():
        raise CourseError(f"{source} is not a folder with submissions")
    students, problems = [], []
    for entry in sorted(source.iterdir()):
        if entry.name.startswith(".") or entry.suffix in (".csv", ".toml", ".md"):
            continue
        try:
            submission = read_submission(entry, lesson)
        except CourseError as error:
            problems.append(f"{entry.name}: {error}")
            continue
        _store(submission, lesson)
        students.append(submission.student)
        if damage := damage_of(submission.content):
            problems.append(f"{submission.student}: {damage}")
    return Collected(students, problems)


def read_submission(entry: Path, lesson: str) -> Submission:
    """Read one student's submission from a folder, an archive or a notebook.

    Raises:
        CourseError: it holds no notebook of the lesson, or more than one, or is not readable.
    """
    if entry.is_symlink():
        raise CourseError("is a link; links are not followed")
    if entry.is_dir():
        return _from_folder(entry, lesson)
    if entry.suffix == ".zip":
        return _from_archive(entry, lesson)
    if entry.suffix == ".ipynb":
        student = _student_id(re.sub(rf"[ _-]*{lesson}.*$", "", entry.stem) or entry.stem)
        return Submission(student, _bounded(entry), _utc(entry.stat().st_mtime))
    raise CourseError("is neither a folder, nor a .zip, nor an .ipynb")


def submitted_file(student: str, lesson: str) -> Path:
    """Return where nbgrader looks for a student's notebook."""
    return course_root() / "submitted" / student / lesson / f"{lesson}.ipynb"


def handed_in(student: str, lesson: str) -> str:
    """Return when a collected submission was handed in, UTC; "" if that is not known."""
    stamp = submitted_file(student, lesson).parent / TIMESTAMP_FILE
    return stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else ""


def submitted_students(lesson: str) -> list[str]:
    """Return the students whose submission of a lesson has been collected."""
    files = (course_root() / "submitted").glob(f"*/{lesson}/{lesson}.ipynb")
    return sorted(path.parents[1].name for path in files)


def _store(submission: Submission, lesson: str) -> None:
    path = submitted_file(submission.student, lesson)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(submission.content)
    (path.parent / TIMESTAMP_FILE).write_text(submission.handed_in + "\n", encoding="utf-8")


def _from_folder(folder: Path, lesson: str) -> Submission:
    files = {path.name: path for path in folder.rglob("*.ipynb") if not path.is_symlink()}
    path = files[_lesson_notebook(files, lesson)]
    stamp = folder / TIMESTAMP_FILE
    when = stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else ""
    return Submission(_student_id(folder.name), _bounded(path), when or _utc(path.stat().st_mtime))


def _from_archive(path: Path, lesson: str) -> Submission:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(info.filename).name: info for info in _notebooks_in(archive)}
            member = members[_lesson_notebook(members, lesson)]
            if member.file_size > LARGEST_NOTEBOOK:
                raise CourseError(f"holds a notebook of {member.file_size:,} bytes, too large")
            with archive.open(member) as file:
                content = file.read(LARGEST_NOTEBOOK + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise CourseError(f"is not a readable zip archive ({error})") from error
    if len(content) > LARGEST_NOTEBOOK:
        raise CourseError(f"holds a notebook of more than {LARGEST_NOTEBOOK:,} bytes")
    when = datetime(*member.date_time).strftime("%Y-%m-%d %H:%M:%S")
    return Submission(_student_id(path.stem), content, when)


def _notebooks_in(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for info in archive.infolist():
        if info.filename.endswith(".ipynb") and not info.filename.startswith("__MACOSX"):
            yield info


def _lesson_notebook(names: dict, lesson: str) -> str:
    """Choose the lesson's notebook among names that downloads may have changed."""
    if f"{lesson}.ipynb" in names:
        return f"{lesson}.ipynb"
    fitting = [name for name in names if lesson in name.replace("-", "_").replace(" ", "_")]
    if len(fitting) != 1:
        found = ", ".join(sorted(names)) or "no notebook at all"
        raise CourseError(f"holds no clear {lesson}.ipynb; found: {found}")
    return fitting[0]


def _student_id(name: str) -> str:
    if not STUDENT_ID.fullmatch(name):
        raise CourseError(
            f"{name!r} cannot be a student's id; use letters, digits and . _ @ - only"
        )
    return name


def _bounded(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST_NOTEBOOK:
        raise CourseError(f"holds a notebook of {size:,} bytes, more than {LARGEST_NOTEBOOK:,}")
    return path.read_bytes()


def _utc(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S")
