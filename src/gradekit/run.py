"""Run a solved lesson and say what it cost: seconds a cell, memory, scores."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter as clock

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.utils import determine_grade, is_grade
from tabulate import tabulate

from gradekit.course import CourseError
from gradekit.keys import quiz_key
from gradekit.notebooks import load_lesson, solved_notebook
from gradekit.preprocessors import answer_in, quiz_number

CELL_LIMIT = 60  # seconds
LESSON_LIMIT = 180  # seconds
MEMORY_LIMIT = 2.0  # GB
HARD_STOP = 600  # seconds after which a cell counts as hanging
PEAK_MEMORY = """\
import pathlib, re, resource
status = pathlib.Path("/proc/self/status")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, on macOS
if status.exists():  # Linux: ru_maxrss there remembers the process that started the kernel
    peak = 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1])
print(peak)"""


@dataclass(frozen=True)
class CellRun:
    """How one code cell went."""

    index: int
    first_line: str
    seconds: float
    points: float | None
    out_of: float | None
    error: str | None
    noise: str | None


@dataclass(frozen=True)
class LessonRun:
    """How a lesson went.

    Attributes:
        cells: its code cells.
        seconds: from the start of the kernel to the end of the last cell.
        peak_gb: largest resident memory of the kernel, in GB (10**9 bytes).
        notebook: the executed notebook.
    """

    cells: list[CellRun]
    seconds: float
    peak_gb: float
    notebook: NotebookNode

    @property
    def errors(self) -> list[str]:
        return [f"cell {cell.index}: {cell.error}" for cell in self.cells if cell.error]

    @property
    def noise(self) -> list[str]:
        return [f"cell {cell.index}: {cell.noise}" for cell in self.cells if cell.noise]

    def over_limits(self) -> list[str]:
        """Return which of the course's limits the run broke."""
        broken = [
            f"cell {cell.index} took {cell.seconds:.0f} s, more than {CELL_LIMIT}"
            for cell in self.cells
            if cell.seconds > CELL_LIMIT
        ]
        if self.seconds > LESSON_LIMIT:
            broken.append(f"the lesson took {self.seconds:.0f} s, more than {LESSON_LIMIT}")
        if self.peak_gb > MEMORY_LIMIT:
            broken.append(f"the lesson took {self.peak_gb:.1f} GB, more than {MEMORY_LIMIT:.0f}")
        return broken


def run_lesson(name: str, language: str = "en") -> LessonRun:
    """Execute a lesson's solved notebook in a fresh kernel and a scratch folder."""
    return run_notebook(solved_notebook(load_lesson(name), language), name)


def run_notebook(
    notebook: NotebookNode, lesson: str, working_folder: Path | None = None
) -> LessonRun:
    """Execute a notebook; errors of its cells become part of the result.

    Args:
        notebook: what to execute.
        lesson: the lesson's name.
        working_folder: where its kernel works; by default a scratch folder.

    Raises:
        CourseError: the kernel died or a cell hung.
    """
    notebook.cells.append(new_code_cell(PEAK_MEMORY))
    seconds: dict[int, float] = {}
    started: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        client = NotebookClient(
            notebook,
            timeout=HARD_STOP,
            allow_errors=True,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # its notices are not the lesson's
            resources={"metadata": {"path": str(working_folder or scratch)}},
            on_cell_execute=lambda cell_index, **_: started.update({cell_index: clock()}),
            on_cell_executed=lambda cell_index, **_: seconds.update(
                {cell_index: clock() - started[cell_index]}
            ),
        )
        begin = clock()
        try:
            client.execute()
        except (DeadKernelError, CellTimeoutError) as error:
            raise CourseError(f"{lesson} did not run to its end: {error}") from error
        total = clock() - begin
    peak = _take_peak(notebook)
    cells = [
        _cell_run(i, cell, seconds.get(i, 0.0), lesson)
        for i, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    ]
    return LessonRun(cells, total, peak, notebook)


def report(run: LessonRun, lesson: str) -> str:
    """Return a run as a table for the terminal."""
    rows = [
        [
            cell.index,
            f"{cell.seconds:.1f}",
            _score(cell),
            cell.error or cell.noise or "",
            cell.first_line,
        ]
        for cell in run.cells
    ]
    table = tabulate(rows, headers=["cell", "seconds", "score", "trouble", "first line"])
    points = sum(cell.points or 0 for cell in run.cells)
    out_of = sum(cell.out_of or 0 for cell in run.cells)
    slowest = max(cell.seconds for cell in run.cells)
    return (
        f"{table}\n\n{lesson}: {run.seconds:.0f} s in all, slowest cell {slowest:.0f} s, "
        f"peak memory {run.peak_gb:.2f} GB, score {points:g} of {out_of:g}"
    )


def save(run: LessonRun, path: Path) -> None:
    """Write the executed notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(run.notebook, path)


def _cell_run(index: int, cell: NotebookNode, seconds: float, lesson: str) -> CellRun:
    points, out_of = _points(cell, lesson)
    lines = [line for line in cell.source.split("\n") if line.strip()]
    return CellRun(
        index=index,
        first_line=lines[0][:60] if lines else "",
        seconds=seconds,
        points=points,
        out_of=out_of,
        error=_first_error(cell),
        noise=_first_noise(cell),
    )


def _points(cell: NotebookNode, lesson: str) -> tuple[float | None, float | None]:
    """Return points reached and possible, as grading would count them."""
    if not is_grade(cell):
        return None, None
    out_of = float(cell.metadata.nbgrader["points"])
    number = quiz_number(cell)
    if number is None:
        return determine_grade(cell)[0], out_of
    right = answer_in(cell.source, number) == quiz_key(lesson)[number]["correct"]
    return (out_of if right else 0.0), out_of


def _score(cell: CellRun) -> str:
    return "" if cell.points is None else f"{cell.points:g} / {cell.out_of:g}"


def _first_error(cell: NotebookNode) -> str | None:
    errors = (output for output in cell.outputs if output.output_type == "error")
    return next((f"{error.ename}: {error.evalue}"[:200] for error in errors), None)


def _first_noise(cell: NotebookNode) -> str | None:
    """Return the first thing written to the error stream that is not a progress bar."""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr" and "%|" not in output.text:
            return output.text.strip()[:200]
    return None


def _take_peak(notebook: NotebookNode) -> float:
    """Remove the cell that asked the kernel for its peak memory and return the answer in GB."""
    return int(notebook.cells.pop().outputs[0].text) / 1e9
