"""The instructor's command line. The Makefile's targets call it."""

import argparse
import atexit
import contextlib
import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from gradekit.course import (
    GRADING,
    SAMPLE_CLASS,
    CourseError,
    course_root,
    lesson_name,
    lesson_names,
    limits,
)

if TYPE_CHECKING:
    from gradekit.jobs import Setting
    from gradekit.run import LessonRun


# jsonschema imports it to check addresses in letters of all kinds; its grammar takes two seconds.
sys.modules.setdefault("rfc3987_syntax", None)
atexit.register(gc.freeze)  # what is left at the end is not worth looking through


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code. Troubles end in one clear line."""
    options = _parser().parse_args(arguments)
    warnings.simplefilter("ignore", SyntaxWarning)  # of students' code, when it is read
    try:
        return options.run(options) or 0
    except CourseError as error:
        print(f"gradekit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gradekit: stopped; what was graded is kept, run the command again", file=sys.stderr)
        return 130
    except OSError as error:
        parts = (error.strerror or str(error), error.filename)
        print(f"gradekit: {': '.join(str(part) for part in parts if part)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gradekit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable, help_text: str, *, lesson: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text)
        sub.set_defaults(run=run)
        if lesson:
            sub.add_argument("lesson", help="number or name, such as 02")
        return sub

    command("notebooks", _notebooks, "rebuild notebooks/ from the masters", lesson=False)
    run = command("run", _run, "run a solved lesson and print what it cost")
    run.add_argument("--language", default="en", choices=("en", "ru"))
    run.add_argument("--save", type=Path, help="write the executed notebook there")
    colab = command("run-colab", _run_colab, "run a solved lesson with Colab's versions")
    colab.add_argument("--language", default="en", choices=("en", "ru"))
    command("release", _release, "generate a lesson's release version with nbgrader")
    collect = command("collect", _collect, "take submissions from a folder")
    collect.add_argument("--from", dest="source", type=Path, help="default: the sample class")
    autograde = command("autograde", _autograde, "grade the collected submissions in sandboxes")
    autograde.add_argument(
        "--unsafe", action="store_true", help="without sandboxes: for submissions that you trust"
    )
    autograde.add_argument("--scheduler", help="address of a Dask scheduler; default: this machine")
    autograde.add_argument("--workers", type=int, help="notebooks at once; default: one a core")
    command("feedback", _feedback, "write feedback pages")
    grades = command("grades", _grades, "print results and write them for a platform", lesson=False)
    grades.add_argument("lesson", nargs="?", help="number or name; default: every released lesson")
    grades.add_argument("--format", default="csv", choices=("csv", "canvas", "moodle"))
    grades.add_argument("--to", type=Path)
    report = command("report", _report, "write the class report, a page for a first look")
    report.add_argument("--to", type=Path)
    command("formgrader", _formgrader, "open nbgrader's formgrader", lesson=False)
    command("opinions", _opinions, "write data/opinions again", lesson=False)
    command("pretrain", _pretrain, "make the tiny models again", lesson=False)
    command("sample-class", _sample_class, "rebuild the sample class", lesson=False)
    bundle = command("bundle", _bundle, "write what students get", lesson=False)
    bundle.add_argument("--to", type=Path, required=True)
    address = command(
        "set-repository", _set_repository, "change the repository's address", lesson=False
    )
    address.add_argument("url")
    return parser


def _notebooks(_options: argparse.Namespace) -> None:
    from gradekit.notebooks import write_student_files

    changed = write_student_files()
    print(f"{len(lesson_names())} lesson(s); {len(changed)} file(s) written")


def _run(options: argparse.Namespace) -> int:
    from gradekit.run import run_lesson, save

    lesson = lesson_name(options.lesson)
    run = run_lesson(lesson, options.language)
    if options.save:
        save(run, options.save)
    return _print_run(run, lesson, run.over_limits())


def _run_colab(options: argparse.Namespace) -> int:
    from gradekit.colab import run_on_colab

    lesson = lesson_name(options.lesson)
    return _print_run(run_on_colab(lesson, options.language), lesson, broken_limits=[])


def _print_run(run: "LessonRun", lesson: str, broken_limits: list[str]) -> int:
    from gradekit.run import report

    print(report(run, lesson))
    troubles = run.errors + run.noise + broken_limits
    for trouble in troubles:
        print(f"gradekit: {trouble}", file=sys.stderr)
    return 1 if troubles else 0


def _release(options: argparse.Namespace) -> None:
    from gradekit.classroom import release

    print(f"released: {release(lesson_name(options.lesson))}")


def _collect(options: argparse.Namespace) -> None:
    from gradekit.collect import collect

    lesson = lesson_name(options.lesson)
    source = options.source or SAMPLE_CLASS / lesson
    collected = collect(source, lesson)
    print(f"{lesson}: {len(collected.students)} submission(s) collected from {source}")
    _print_problems(collected.problems)


def _autograde(options: argparse.Namespace) -> None:
    from gradekit.jobs import Setting

    lesson = lesson_name(options.lesson)
    setting = Setting(limits=limits(), unsafe=options.unsafe)
    if options.scheduler is None:
        _warm_up(lesson, setting)
    gc.disable()  # modules stay; looking for garbage among them takes as long as some of them
    from gradekit.collect import collect, submitted_students
    from gradekit.grading import grade_class

    gc.freeze()
    gc.enable()
    if not submitted_students(lesson) and (SAMPLE_CLASS / lesson).is_dir():
        print("Nothing has been collected yet: grading the sample class in grading/sample_class.")
        collect(SAMPLE_CLASS / lesson, lesson)
    summary = grade_class(
        lesson,
        setting,
        scheduler=options.scheduler,
        workers=options.workers,
    )
    unreadable = [result for result in summary.results if result.unreadable]
    print(
        f"{lesson}: {len(summary.run)} run, {len(summary.kept)} unchanged since they were graded, "
        f"{len(unreadable)} not gradable"
    )
    _print_problems(summary.lines)


def _warm_up(lesson: str, setting: "Setting") -> None:
    """Let sandboxes get ready while this process imports what it needs."""
    from gradekit.nurseries import nursery_for
    from gradekit.sandbox import SandboxError

    with contextlib.suppress(SandboxError):  # it comes again if there is anything to run
        nursery_for(lesson, setting)


def _feedback(options: argparse.Namespace) -> None:
    from gradekit.classroom import feedback

    print(f"feedback pages: {feedback(lesson_name(options.lesson))}")


def _grades(options: argparse.Namespace) -> None:
    from gradekit.classroom import grades, released_lessons, write_grades

    lessons = [lesson_name(options.lesson)] if options.lesson else released_lessons()
    if options.format != "csv":
        _export(lessons, options)
        return
    if options.to and len(lessons) > 1:
        raise CourseError("--to names one file; name the lesson, too")
    for lesson in lessons:
        results = grades(lesson)
        rows = [(g.student, g.points, g.penalty, g.score, g.out_of, g.remark) for g in results]
        print(tabulate(rows, headers=["student", "points", "penalty", "score", "out of", "remark"]))
        path = options.to or course_root() / f"grades_{lesson}.csv"
        write_grades(results, path)
        print(f"\nwritten: {path}")


def _export(lessons: list[str], options: argparse.Namespace) -> None:
    from gradekit.exports import canvas_rows, collect_grades, moodle_rows, read_roster, write_rows

    rows_of = {"canvas": canvas_rows, "moodle": moodle_rows}[options.format]
    rows = rows_of(collect_grades(lessons), read_roster())
    name = f"{lessons[0]}_{options.format}" if options.lesson else options.format
    path = options.to or course_root() / f"grades_{name}.csv"
    write_rows(rows, path)
    print(f"written: {path}")


def _report(options: argparse.Namespace) -> None:
    from gradekit.report import write_report

    print(f"class report: {write_report(lesson_name(options.lesson), options.to)}")


def _formgrader(_options: argparse.Namespace) -> int:
    from gradekit.classroom import environment

    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.default_url=/formgrader"]
    command.append(f"--ServerApp.root_dir={course_root().parent}")  # where formgrader may look
    if os.geteuid() == 0:
        command.append("--allow-root")
    return subprocess.run(command, cwd=GRADING, env=environment()).returncode


def _opinions(_options: argparse.Namespace) -> None:
    from gradekit.opinions import OPINIONS, write_opinions

    write_opinions()
    print(f"written: {OPINIONS}")


def _pretrain(_options: argparse.Namespace) -> None:
    from gradekit.pretrain import pretrain

    print("running lesson 01 (some minutes) ...", flush=True)
    for folder in pretrain():
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{folder}: {size / 1e6:.1f} MB")


def _sample_class(_options: argparse.Namespace) -> None:
    from gradekit.sample import write_sample_class

    print(f"sample class: {len(write_sample_class())} file(s) written")


def _bundle(options: argparse.Namespace) -> None:
    from gradekit.bundle import write_bundle

    print(f"{len(write_bundle(options.to))} files for students in {options.to}")


def _set_repository(options: argparse.Namespace) -> None:
    from gradekit.notebooks import write_student_files
    from gradekit.repository import address, set_address

    set_address(options.url)
    print(f"address: {address()}; {len(write_student_files())} notebook(s) written")


def _print_problems(problems: list[str]) -> None:
    for problem in problems:
        print(f"  ! {problem}")


if __name__ == "__main__":
    sys.exit(main())
