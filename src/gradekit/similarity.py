"""Submissions that are suspiciously alike.

Code is reduced to tokens that renaming, comments, docstrings and formatting do not change; runs of
tokens are hashed and thinned out by winnowing (Schleimer, Wilkerson and Aiken 2003, "Winnowing:
local algorithms for document fingerprinting", SIGMOD), so that every common run of `GUARANTEED`
tokens is noticed. Tokens come from a lexer that never fails: code that Python cannot parse counts
too.

Short exercises are alike by nature. So what the stub holds does not count, and a fingerprint weighs
more the rarer it is among all answers to the exercise, those of the answer bank included: weight
log(answers / answers with it). The share of the smaller answer's weight that two have in common
says how alike they are; how many answers are as alike says what that is worth: where two of 300
agree, log(300 / 2) = 5.0, where a third of the class does, 1.1. The sum over the exercises, times
the mean share (a copy agrees everywhere), is the evidence; two submissions are reported if it
exceeds what chance would give to some pair of the class: the logarithm of the number of pairs, plus
`MARGIN`.
"""

import keyword
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

RUN = 8  # tokens in a fingerprint
WINDOW = 4  # of this many neighbouring runs, one stays
GUARANTEED = RUN + WINDOW - 1  # every common passage of so many tokens is found
MARGIN = 3.0  # nats: one false pair in about twenty classes, if all write on their own
ENOUGH = 0.6  # share of an exercise that must agree before it counts
TOLERANCE = 0.01  # shares that differ by less are the same
SHORTEST = 4  # fingerprints that an answer must have to count
LONGEST_SOURCE = 20_000  # characters of one exercise
LONGEST_PASSAGE = 60  # lines shown

TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<string>(?:\b[rbuft]{1,2})?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<name>[^\W\d]\w*)
  | (?P<number>(?:\d|\.\d)[\w.]*)
  | (?P<line>\n)
  | (?P<sign>==|!=|<=|>=|->|:=|\*\*=?|//=?|<<=?|>>=?|[-+*/%@&|^]=|\S)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
KEPT_STRING = re.compile(r"[A-Za-z_][\w-]{0,20}")  # such as "input_ids": a name, not a text
IGNORED = frozenset("()[]{},;:")  # which formatters add and move
BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)
OWN_ATTRIBUTE = re.compile(r"\bself\s*\.\s*(\w+)\s*(?:=[^=]|:)|\bdef\s+(\w+)")

Sources = Mapping[str, str]  # exercise -> code


@dataclass(frozen=True)
class Token:
    """One token: what is compared, and the line it stands on, from 0."""

    text: str
    line: int


@dataclass(frozen=True)
class Side:
    """One submission's code of an exercise.

    Attributes:
        student: whose it is.
        lines: its lines, as they are; at most `LONGEST_PASSAGE`.
        shared: for each line, whether it belongs to what both have.
    """

    student: str
    lines: tuple[str, ...]
    shared: tuple[bool, ...]


@dataclass(frozen=True)
class Passage:
    """What two submissions share in an exercise.

    Attributes:
        exercise: the exercise's name.
        share: part of the smaller answer that both have, weighted by rarity.
        worth: how rare it is, in nats: the exercise's part of `Pair.evidence`.
        left: one submission.
        right: the other.
    """

    exercise: str
    share: float
    worth: float
    left: Side
    right: Side


@dataclass(frozen=True)
class Pair:
    """Two submissions that are more alike than chance makes them.

    Attributes:
        students: both ids, in order.
        evidence: how unlikely the agreement is, in nats.
        share: part of the smaller submission that both have, over the exercises that count.
        passages: what they share, the rarest first.
    """

    students: tuple[str, str]
    evidence: float
    share: float
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Alike:
    """Submissions connected by pairs.

    Attributes:
        students: their ids, in order.
        pairs: the pairs that connect them, the strongest first.
    """

    students: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class _Fingerprints:
    """Fingerprints of one exercise: for each answer, hash -> index of the run's first token."""

    names: list[str]
    places: list[dict[int, int]]
    tokens: list[list[Token]]


def find_alike(
    submissions: Mapping[str, Sources],
    stubs: Sources | None = None,
    background: Iterable[tuple[str, str]] = (),
) -> list[Alike]:
    """Return groups of submissions that are suspiciously alike, the strongest first.

    Args:
        submissions: student -> exercise -> code.
        stubs: exercise -> the code that everybody was given.
        background: (exercise, code) of answers known to be written independently; they only show
            what is usual, which matters in a small class.
    """
    students = sorted(submissions)
    if len(students) < 2:
        return []
    stubs, background = stubs or {}, list(background)
    exercises = sorted({name for sources in submissions.values() for name in sources})
    worths, shares, compared = np.zeros((3, len(students), len(students)))
    found: dict[str, tuple[_Fingerprints, np.ndarray, np.ndarray]] = {}
    for exercise in exercises:
        answers = {s: submissions[s][exercise] for s in students if exercise in submissions[s]}
        others = [code for name, code in background if name == exercise]
        prints = _fingerprints(answers, stubs.get(exercise, ""), others)
        share, worth, comparable = _agreement(prints)
        found[exercise] = (prints, share, worth)
        rows = [students.index(name) for name in prints.names]
        cells = np.ix_(rows, rows)
        worths[cells] += worth
        shares[cells] += share
        compared[cells] += comparable
    evidence = worths * shares / np.maximum(compared, 1)
    limit = math.log(len(students) * (len(students) - 1) / 2) + MARGIN
    pairs = [
        _pair(students[i], students[j], evidence[i, j], found, submissions)
        for i, j in np.argwhere(np.triu(evidence, 1) > limit)
    ]
    return _groups(pairs)


def tokens_of(code: str) -> list[Token]:
    """Return code as tokens that renaming, comments, docstrings and formatting do not change.

    Names that code can choose freely become one and the same; attributes of libraries, builtins and
    keywords stay. Brackets, commas and colons are left out.
    """
    code = code[:LONGEST_SOURCE]
    own = {name for pair in OWN_ATTRIBUTE.findall(code) for name in pair if name}
    tokens: list[Token] = []
    line, fresh, previous = 0, True, ""
    for match in TOKEN.finditer(code):
        kind, text = match.lastgroup, match[0]
        if kind == "line":
            line, fresh = line + 1, True
            continue
        ends_line = re.match(r"[ \t]*(#[^\n]*)?(\n|$)", code[match.end() : match.end() + 200])
        docstring = kind == "string" and fresh and ends_line and previous in ("", ":")
        if kind != "comment" and not docstring and text not in IGNORED:
            tokens.append(Token(_normal(kind or "", text, previous, own), line))
        if kind != "comment":
            fresh, previous = False, text
        line += text.count("\n")
    return tokens


def _normal(kind: str, text: str, previous: str, own: set[str]) -> str:
    """Return what of a token is compared."""
    if kind == "string":
        content = text.lstrip("rbuftRBUFT").strip("'\"")
        return f"'{content}'" if KEPT_STRING.fullmatch(content) else "'text'"
    if kind == "name" and not keyword.iskeyword(text):
        if text in own:
            return "own"
        if previous != "." and text not in BUILTINS:
            return "name"
    return text


def winnow(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the fingerprints of tokens: hash -> index of the first token of its run."""
    runs = [
        zlib.crc32("\x00".join(token.text for token in tokens[i : i + RUN]).encode())
        for i in range(len(tokens) - RUN + 1)
    ]
    kept: dict[int, int] = {}
    for start in range(max(1, len(runs) - WINDOW + 1)):
        window = runs[start : start + WINDOW]
        if window:
            place = start + min(range(len(window)), key=lambda i: (window[i], -i))
            kept.setdefault(runs[place], place)
    return kept


def _fingerprints(answers: Sources, stub: str, background: list[str]) -> _Fingerprints:
    """Return the fingerprints of answers and, behind them, of the background's."""
    known = winnow(tokens_of(stub))
    names, places, tokens = [], [], []
    for name, code in [*answers.items(), *(("", code) for code in background)]:
        read = tokens_of(code)
        prints = {print_: i for print_, i in winnow(read).items() if print_ not in known}
        if name and len(prints) < SHORTEST:
            continue
        names += [name] if name else []
        places.append(prints)
        tokens.append(read)
    return _Fingerprints(names, places, tokens)


def _agreement(prints: _Fingerprints) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each two answers of an exercise, the share that agrees and what that is worth.

    Returns:
        share: (n, n), of the smaller answer, weighted by rarity; 0 below `ENOUGH`.
        worth: (n, n), nats.
        comparable: (n, n), whether both hold anything that not everybody writes.
    """
    n, total = len(prints.names), len(prints.places)
    counts = Counter(print_ for places in prints.places for print_ in places)
    columns = {print_: i for i, print_ in enumerate(counts)}
    entries = [(i, columns[p]) for i in range(total) for p in prints.places[i]]
    if n < 2 or not entries:
        nothing = np.zeros((n, n))
        return nothing, nothing, nothing.astype(bool)
    rows, cols = np.array(entries).T
    present = csr_array((np.ones(len(rows)), (rows, cols)), shape=(total, len(columns)))
    rarity = np.log(total / np.array(list(counts.values())))
    weight = (present * rarity @ present.T).toarray()
    smaller = np.minimum.outer(weight.diagonal(), weight.diagonal())
    comparable = smaller > 1e-9
    share = np.divide(weight, smaller, out=np.zeros((total, total)), where=comparable)
    alike = _number_as_alike(share)
    share, alike = share[:n, :n], np.maximum(alike, alike.T)[:n, :n]
    share = np.where(share < ENOUGH, 0, share)
    return share, share**2 * np.log(total / alike), comparable[:n, :n]


def _number_as_alike(share: np.ndarray) -> np.ndarray:
    """Return how many answers agree with answer i about as much as answer j does, i and j too."""
    number = np.empty_like(share)
    for i, row in enumerate(share):
        number[i] = len(row) - np.searchsorted(np.sort(row), row - TOLERANCE)
    return np.maximum(number, 2)


def _pair(
    first: str,
    second: str,
    evidence: float,
    found: Mapping[str, tuple[_Fingerprints, np.ndarray, np.ndarray]],
    submissions: Mapping[str, Sources],
) -> Pair:
    passages = []
    for exercise, (prints, share, worth) in found.items():
        if first not in prints.names or second not in prints.names:
            continue
        i, j = prints.names.index(first), prints.names.index(second)
        if share[i, j] == 0:
            continue
        common = prints.places[i].keys() & prints.places[j].keys()
        left = _side(first, submissions[first][exercise], prints, i, common)
        right = _side(second, submissions[second][exercise], prints, j, common)
        passages.append(Passage(exercise, float(share[i, j]), float(worth[i, j]), left, right))
    passages.sort(key=lambda passage: -passage.worth)
    mean = sum(passage.share for passage in passages) / max(1, len(passages))
    return Pair((first, second), float(evidence), mean, tuple(passages))


def _side(student: str, code: str, prints: _Fingerprints, index: int, common: set[int]) -> Side:
    tokens = prints.tokens[index]
    marked = {
        token.line
        for print_ in common
        for token in tokens[prints.places[index][print_] : prints.places[index][print_] + RUN]
    }
    lines = code[:LONGEST_SOURCE].split("\n")[:LONGEST_PASSAGE]
    return Side(student, tuple(lines), tuple(i in marked for i in range(len(lines))))


def _groups(pairs: Sequence[Pair]) -> list[Alike]:
    """Join pairs that have a submission in common."""
    parents: dict[str, str] = {}

    def root(student: str) -> str:
        while parents.setdefault(student, student) != student:
            parents[student] = parents[parents[student]]
            student = parents[student]
        return student

    for pair in pairs:
        parents[root(pair.students[0])] = root(pair.students[1])
    groups: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: -pair.evidence):
        groups.setdefault(root(pair.students[0]), []).append(pair)
    return [
        Alike(tuple(sorted({s for pair in group for s in pair.students})), tuple(group))
        for group in groups.values()
    ]
