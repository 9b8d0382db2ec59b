"""A believable class that never was: what each student handed in, and what grading found.

Abilities are drawn, answers come from the answer bank, and each student writes them anew in an own
manner: other names, other order, other steps. Everything follows from the seed.
"""

import ast
import builtins
import math
import random
import string
from dataclasses import replace

from gradekit.answers import Answer, answers_of
from gradekit.course import source_file
from gradekit.keys import quiz_key
from gradekit.results import Incident, Mark, Result
from gradekit.sources import Cell, read_lesson
from lessonkit.messages import _hints
from lessonkit.questions import load_questions

STUB = "def {name}(*arguments):\n    raise NotImplementedError()"
WORDS = [
    *("out", "res", "tmp", "val", "x", "y", "z", "v", "w", "item", "row", "part", "piece", "data"),
    *("h", "hid", "m", "n", "k", "acc", "cur", "one", "vec", "fin", "idx", "pos", "total", "this"),
]
NOTES = ("# my solution", "# step 1", "# see section 2.4", "# TODO check shapes", "# works now")
INCIDENTS = (
    ("timeout", "cell {cell}: stopped after 120 s"),
    ("memory", "needed more than 4 GB"),
    ("output", "wrote more than 20 MB; the rest was cut"),
    ("tampering", "replaced the function `check`"),
    ("network", "tried to reach pypi.org"),
    ("died", "the kernel died in cell {cell}"),
)
REPAIRS = ("cell ids were missing", "check-pool stood twice; the later one was left out")


def synthetic_class(lesson: str, size: int, seed: int = 0, copies: int = 0) -> list[Result]:
    """Return the results of a class.

    Args:
        lesson: the lesson's name.
        size: number of students.
        seed: what everything is drawn from.
        copies: how many of them hand in another's work with other names and another layout.
    """
    draw = random.Random(seed)
    cells, bank = read_lesson(source_file(lesson)).cells, _bank(lesson)
    difficulty = {cell.check: draw.gauss(-0.6, 0.8) for cell in cells}
    results = [
        _student(lesson, f"student{i:03}", draw, difficulty, cells, bank)
        for i in range(size - copies)
    ]
    for i in range(copies):
        results.append(disguised(draw.choice(results[: size // 2]), f"copy{i:02}", draw))
    return sorted(results, key=lambda result: result.student)


def disguised(result: Result, student: str, draw: random.Random) -> Result:
    """Return a submission as another's own: names changed, layout changed, comments added."""
    sources = {name: in_own_words(code, draw, 0.0) for name, code in result.sources.items()}
    return replace(result, student=student, sources=sources)


def in_own_words(code: str, draw: random.Random, freedom: float = 0.5) -> str:
    """Return code with other names and, by its freedom, other steps."""
    tree = ast.parse(code)
    if freedom:
        tree = _Steps(draw, freedom).visit(tree)
    tree = _Names(draw, tree).visit(tree)
    lines = ast.unparse(ast.fix_missing_locations(tree)).split("\n")
    for _ in range(draw.randrange(3)):
        place = draw.randrange(1, len(lines) + 1)
        indent = len(lines[place - 1]) - len(lines[place - 1].lstrip())
        lines.insert(place - 1, " " * indent + draw.choice(NOTES))
    return "\n".join(lines)


def _bank(lesson: str) -> dict[str, list[Answer]]:
    bank: dict[str, list[Answer]] = {}
    for answer in answers_of(lesson):
        bank.setdefault(answer.exercise, []).append(answer)
    return bank


def _student(
    lesson: str,
    name: str,
    draw: random.Random,
    difficulty: dict,
    cells: tuple[Cell, ...],
    bank: dict[str, list[Answer]],
) -> Result:
    ability, freedom = draw.gauss(0, 1), draw.uniform(0.2, 0.7)
    marks, sources = [], {}
    for cell in cells:
        if cell.check:
            chance = 1 / (1 + math.exp(-1.4 * (ability - difficulty[cell.check])))
            mark, code = _exercise(cell, bank[cell.check], chance, freedom, draw)
            marks.append(mark)
            sources[cell.check] = code
        elif cell.quiz is not None and cell.points:
            marks.append(_question(cell, lesson, ability, draw))
    seconds = {i: draw.lognormvariate(-1, 1.5) for i in range(4, 60, 2)}
    incidents = tuple(
        Incident(kind, text.format(cell=cell), cell)
        for kind, text in INCIDENTS
        if draw.random() < 0.02
        for cell in [draw.randrange(10, 50)]
    )
    return Result(
        student=name,
        lesson=lesson,
        fingerprint=f"{draw.getrandbits(64):016x}",
        handed_in=f"2026-10-{draw.randrange(5, 15):02} {draw.randrange(24):02}:30:00",
        marks=tuple(marks),
        repairs=tuple(line for line in REPAIRS if draw.random() < 0.03),
        incidents=incidents,
        cell_seconds=seconds,
        seconds=sum(seconds.values()) + 2,
        peak_memory=int(draw.lognormvariate(20.6, 0.2)),
        sources=sources,
        language=draw.choice(("en", "en", "ru")),
    )


def _exercise(cell, answers: list[Answer], chance: float, freedom: float, draw: random.Random):
    right = [answer for answer in answers if answer.hint is None]
    wrong = [answer for answer in answers if answer.hint is not None]
    seconds = draw.lognormvariate(-2.5, 1)
    if draw.random() < 0.04 * (1 - chance):
        code = STUB.format(name=cell.check)
        mark = Mark(f"check-{cell.check}", 0.0, cell.points, "not_implemented", seconds=seconds)
        return mark, code
    if draw.random() < chance:
        code = in_own_words(draw.choice(right).source, draw, freedom)
        return Mark(f"check-{cell.check}", cell.points, cell.points, seconds=seconds), code
    answer = draw.choice(wrong[: 1 + len(wrong) // 2])
    values = _values(cell.check, answer.hint)
    mark = Mark(f"check-{cell.check}", 0.0, cell.points, answer.hint, values, seconds=seconds)
    return mark, in_own_words(answer.source, draw, freedom)


def _question(cell, lesson: str, ability: float, draw: random.Random) -> Mark:
    key = quiz_key(lesson)[cell.quiz]["correct"]
    letters = list(load_questions(lesson[:2])[cell.quiz].options)
    right = draw.random() < 0.25 + 0.75 / (1 + math.exp(-1.2 * ability))
    letter = key if right else draw.choice([*(x for x in letters if x != key), ""])
    points = cell.points if letter == key else 0.0
    return Mark(f"quiz-{cell.quiz}", points, cell.points, answer=letter or None)


def _values(exercise: str, hint: str) -> dict[str, str]:
    hints = _hints()
    template = hints.get(exercise, {}).get(hint) or hints["any"][hint]
    fields = {name for _, name, *_ in string.Formatter().parse(template["en"]) if name}
    return {name: {"type": "ValueError", "message": "bad shape"}.get(name, "3") for name in fields}


class _Names(ast.NodeTransformer):
    """Give new names to what a function names itself."""

    def __init__(self, draw: random.Random, tree: ast.AST) -> None:
        outer = {node.name for node in tree.body if hasattr(node, "name")}
        stored = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        pool = draw.sample(WORDS, len(WORDS))
        taken = (
            outer | set(dir(builtins)) | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        )
        free = [word for word in pool if word not in taken]
        given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        self.new = dict(zip(sorted(stored - outer - given), free, strict=False))

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self.new.get(node.id, node.id), node.ctx), node)


class _Steps(ast.NodeTransformer):
    """Write the same in other steps."""

    def __init__(self, draw: random.Random, freedom: float) -> None:
        self.draw, self.freedom, self.count = draw, freedom, 0

    def maybe(self, share: float = 1.0) -> bool:
        return self.draw.random() < self.freedom * share

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Mult, ast.Add)) and self.maybe():
            node.left, node.right = node.right, node.left
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        method = isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean", "stack")
        if method and node.args and not node.keywords and self.maybe():
            node.keywords = [ast.keyword("dim", node.args.pop())] if len(node.args) == 1 else []
        if node.keywords and self.maybe():
            self.draw.shuffle(node.keywords)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body = [new for statement in node.body for new in self._split(statement)]
        return node

    def _split(self, statement: ast.stmt) -> list[ast.stmt]:
        """Give names to parts of a statement, as people do who think step by step."""
        before: list[ast.stmt] = []
        if isinstance(statement, (ast.Assign, ast.Return)) and statement.value is not None:
            for parent in list(ast.walk(statement.value)):
                for field, child in ast.iter_fields(parent):
                    outside = isinstance(parent, (ast.BinOp, ast.Subscript, ast.Attribute))
                    if outside and isinstance(child, (ast.Call, ast.BinOp)) and self.maybe(0.5):
                        if _has_own_names(statement.value):
                            continue
                        before.append(self._named(child))
                        setattr(parent, field, ast.Name(before[-1].targets[0].id, ast.Load()))
            before.reverse()
        if isinstance(statement, ast.Return) and statement.value is not None and self.maybe():
            before.append(self._named(statement.value))
            statement.value = ast.Name(before[-1].targets[0].id, ast.Load())
        if self.maybe(0.12):
            before.append(ast.parse(self.draw.choice(EXTRAS)).body[0])
        return [*before, statement]

    def _named(self, value: ast.expr) -> ast.Assign:
        self.count += 1
        return ast.Assign([ast.Name(f"step_{self.count}", ast.Store())], value)


EXTRAS = (
    "assert True, 'shapes agree'",
    "pass",
    "debug = False",
    "device = 'cpu'",
    "eps = 1e-9",
)


def _has_own_names(value: ast.expr) -> bool:
    inner = (ast.comprehension, ast.Lambda, ast.NamedExpr, ast.Dict, ast.IfExp)
    return any(isinstance(node, inner) for node in ast.walk(value))
