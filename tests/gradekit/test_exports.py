"""Exports for Canvas and Moodle, the roster, and cells that a spreadsheet would execute."""

import csv
from pathlib import Path

import pytest

from gradekit import classroom, cli, exports
from gradekit.classroom import Grade
from gradekit.course import CourseError
from gradekit.exports import Graded, canvas_rows, harmless, moodle_rows, read_roster, write_rows
from gradekit.notebooks import load_lesson, solved_notebook
from tests.gradekit.small_course import record, use_course

ROSTER = """\
student,name,email,canvas_id,login,section
ana,"Petrova, Ana",ana@example.org,101,apetrova,Group 1
boris,=HYPERLINK("http://x"),boris@example.org,102,boris,Group 2
"""


def graded(student: str, points: float, penalty: float = 0.0, remark: str = "") -> Graded:
    parts = {"check-pool": (points, 3.0), "quiz-4": (2.0, 2.0)}
    return Graded(Grade(student, points + 2, penalty, 5.0, remark), parts)


RESULTS = {
    "02_feature_extraction": {
        "ana": graded("ana", 3.0),
        "boris": graded("boris", 1.5, penalty=0.35),
    },
    "03_full_fine_tuning": {"ana": graded("ana", 0.0, remark="its JSON breaks off in line 1")},
}


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


def test_canvas_gets_the_columns_its_importer_looks_for(roster: Path) -> None:
    header, possible, ana, boris = canvas_rows(RESULTS, read_roster(roster))
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert header[5:] == ["02_feature_extraction", "03_full_fine_tuning"]
    assert "Points Possible" in possible[0]
    assert possible[5:] == ["5", "5"]
    assert ana == ["Petrova, Ana", "101", "", "apetrova", "Group 1", "5", ""]
    assert boris[5:] == ["3.15", ""]


def test_canvas_without_a_roster_uses_the_students_ids() -> None:
    assert canvas_rows(RESULTS, {})[2][:5] == ["ana", "", "", "ana", ""]


def test_moodle_gets_one_name_then_grade_and_feedback(roster: Path) -> None:
    header, ana, boris = moodle_rows(RESULTS, read_roster(roster))
    lessons = ["02_feature_extraction", "03_full_fine_tuning"]
    assert header == ["Email address", *(f"{x}{y}" for x in lessons for y in ("", " feedback"))]
    assert ana[:3] == ["ana@example.org", "5", "pool 3/3; quiz-4 2/2"]
    assert ana[3:] == ["", "its JSON breaks off in line 1"]
    assert boris[2] == "pool 1.5/3; quiz-4 2/2; late: 0.35 points lost"


def test_moodle_falls_back_to_what_everybody_has(roster: Path) -> None:
    roster.write_text("student,email,username\nana,a@x.org,a1\nboris,,b2\n", encoding="utf-8")
    assert [row[0] for row in moodle_rows(RESULTS, read_roster(roster))] == ["Username", "a1", "b2"]
    assert [row[0] for row in moodle_rows(RESULTS, {})] == ["ID number", "ana", "boris"]


def test_no_cell_is_a_formula(roster: Path, tmp_path: Path) -> None:
    write_rows(canvas_rows(RESULTS, read_roster(roster)), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert '\'=HYPERLINK("http://x")' in cells
    assert not any(cell[:1] in "=+-@" and cell for cell in cells)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+cmd()", "@SUM(A1)", "\t=1", " =1", "\r=1", "|x"]
)
def test_what_begins_like_a_formula_is_quoted(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["ana", "a-b", "3.5", "", -1.0, "Petrova, Ana", "ana@example.org"]
)
def test_other_cells_stay(value: object) -> None:
    assert harmless(value) == value


@pytest.mark.parametrize(
    ("text", "trouble"),
    [("id,name\n1,x\n", "needs a column `student`"), ("student\na\na\n", "occurs twice")],
)
def test_a_wrong_roster_ends_in_one_line(roster: Path, text: str, trouble: str) -> None:
    roster.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=trouble):
        read_roster(roster)


def test_a_roster_saved_by_a_spreadsheet_is_read(roster: Path) -> None:
    roster.write_bytes(b"\xef\xbb\xbfstudent,name\r\nana,A\r\n")
    assert read_roster(roster)["ana"]["name"] == "A"


def test_no_roster_is_an_empty_one(tmp_path: Path) -> None:
    assert read_roster(tmp_path / "missing.csv") == {}


def test_plain_grades_are_written_as_before(tmp_path: Path) -> None:
    classroom.write_grades(
        [Grade("ana", 5.0, 1.0, 20.0), Grade("b", 0, 0, 20.0, "=x")], tmp_path / "g"
    )
    assert (tmp_path / "g").read_text() == (
        "student,points,penalty,score,out_of,remark\nana,5.0,1.0,4.0,20.0,\nb,0,0,0.0,20.0,'=x\n"
    )


def test_the_command_exports_what_the_gradebook_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    lesson = "02_feature_extraction"
    course = use_course(tmp_path, monkeypatch)
    monkeypatch.setattr(exports, "ROSTER", tmp_path / "roster.csv")
    assert cli.main(["grades", "--format", "canvas"]) == 1
    assert "nothing has been released" in capsys.readouterr().err
    assert cli.main(["release", lesson]) == 0
    notebook = solved_notebook(load_lesson(lesson))
    record("ana", lesson, notebook)
    record("boris", lesson, notebook, {"check-pool": 1.5})
    assert cli.main(["grades", "02", "--format", "canvas"]) == 0
    assert cli.main(["grades", "--format", "moodle"]) == 0
    assert cli.main(["grades"]) == 0
    canvas = (course / f"grades_{lesson}_canvas.csv").read_text().splitlines()
    assert canvas[2:] == ["ana,,,ana,,20", "boris,,,boris,,18.5"]
    moodle = (course / "grades_moodle.csv").read_text().splitlines()
    assert moodle[0] == f"ID number,{lesson},{lesson} feedback"
    assert moodle[2].startswith("boris,18.5,freeze 2/2; pool 1.5/3; ")
    assert "boris,18.5,0.0,18.5,20.0," in (course / f"grades_{lesson}.csv").read_text()
