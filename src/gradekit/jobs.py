"""What head node and workers exchange: a notebook to run, and what became of it; JSON both ways."""

import json
from dataclasses import asdict, dataclass, field

from gradekit.results import Incident, Mark


@dataclass(frozen=True)
class Job:
    """One repaired notebook to execute and judge.

    Attributes:
        student: whose it is.
        lesson: the lesson's name.
        notebook: the repaired notebook, as nbformat's JSON.
        seeds: exercise -> seed of its cases.
        language: language of hints, "en" or "ru".
    """

    student: str
    lesson: str
    notebook: str
    seeds: dict[str, int]
    language: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Job":
        return Job(**json.loads(text))


@dataclass(frozen=True)
class Setting:
    """How a worker runs notebooks.

    Attributes:
        threads: threads that each notebook computes with.
        limits: keyword arguments of `gradekit.sandbox.Limits`.
        profile: the lessons' profile.
        unsafe: without a sandbox.
    """

    threads: int = 1
    limits: dict[str, float] = field(default_factory=dict)
    profile: str = "grading"
    unsafe: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Setting":
        return Setting(**json.loads(text))


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        notebook: the executed notebook, its outputs made safe to show; "" if it never ran.
        marks: one for each check.
        incidents: time-outs, tampering and the like.
        cell_seconds: index -> seconds.
        seconds: wall time of the notebook.
        peak_memory: bytes.
        core_seconds: processor time of the notebook's own code.
        added_seconds: processor time that starting and watching its kernel took.
    """

    notebook: str
    marks: tuple[Mark, ...]
    incidents: tuple[Incident, ...]
    cell_seconds: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    core_seconds: float = 0.0
    added_seconds: float = 0.0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Outcome":
        raw = json.loads(text)
        raw["marks"] = tuple(Mark(**mark) for mark in raw["marks"])
        raw["incidents"] = tuple(Incident(**incident) for incident in raw["incidents"])
        raw["cell_seconds"] = {int(i): seconds for i, seconds in raw["cell_seconds"].items()}
        return Outcome(**raw)
