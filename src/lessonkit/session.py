"""The lesson in progress: its language and profile, what the machine is, what has been passed."""

import os
import platform
import warnings
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import version

from IPython.display import HTML, DisplayHandle, display

from lessonkit.cards import inline_code
from lessonkit.messages import LANGUAGES, interface_text, objectives
from lessonkit.profiles import Profile, choose_profile

SHOWN_PACKAGES = ("torch", "transformers", "peft", "datasets", "scikit-learn")


@dataclass
class Course:
    """What the cells of a lesson ask for.

    Attributes:
        lesson: number of the lesson, such as "02".
        language: "en" or "ru".
        profile: sizes to compute with.
        device: "cuda", "mps" or "cpu".
        passed: exercises whose check has passed in this session.
    """

    lesson: str
    language: str
    profile: Profile
    device: str
    passed: set[str] = field(default_factory=set)
    _checklist: DisplayHandle | None = None

    @property
    def bf16(self) -> bool:
        """Whether the device computes in bfloat16 by itself, which halves memory and time."""
        import torch

        return self.device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)

    def objectives(self) -> None:
        """Show the lesson's objectives; each ticks itself when its exercises pass."""
        self._checklist = display(HTML(self._objectives_html()), display_id=True)

    def record_pass(self, exercise: str) -> None:
        """Note that an exercise's check has passed, and tick what it completes."""
        self.passed.add(exercise)
        if self._checklist is not None:
            self._checklist.update(HTML(self._objectives_html()))

    def _objectives_html(self) -> str:
        rows = []
        for objective in objectives(self.lesson):
            done = self.passed.issuperset(objective["exercises"])
            box = "&#9745;" if done else "&#9744;"
            style = "opacity:.65" if done else ""
            text = inline_code(objective[self.language])
            rows.append(
                f'<li style="list-style:none;{style}"><span style="font-size:1.2em">{box}</span> '
                f"{text}</li>"
            )
        title = escape(interface_text("objectives", self.language))
        return f'<b>{title}</b><ul style="padding-left:.5em;line-height:1.7">{"".join(rows)}</ul>'


_current: Course | None = None


def begin(lesson: str, language: str = "en", profile: str | None = None) -> Course:
    """Start a lesson: quiet the libraries, choose sizes, print versions and the device.

    Args:
        lesson: number of the lesson, such as "02".
        language: language of hints and quizzes, "en" or "ru".
        profile: "cpu", "gpu", "large" or "grading"; by default `LESSON_PROFILE`, else what the
            machine has.

    Raises:
        ValueError: the language or the profile is unknown.
    """
    global _current
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    _current = Course(lesson, language, choose_profile(profile), _device())
    _quiet_libraries()
    _set_picture_format(_current.profile.pictures)
    print(_describe_machine(_current))
    return _current


def current() -> Course:
    """Return the lesson in progress, or a default one where none was begun (a script, a test)."""
    global _current
    if _current is None:
        _current = Course("02", "en", choose_profile("cpu"), "cpu")
    return _current


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _quiet_libraries() -> None:
    """Keep loading bars and notices of the libraries off the page; errors still show."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # peft asks transformers for things under names that transformers is about to change
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft)\.")
    import datasets
    import transformers

    datasets.disable_progress_bars()
    datasets.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()


def _set_picture_format(pictures: bool) -> None:
    """Draw sharp pictures, or none at all: drawing is half of what a small lesson costs."""
    import matplotlib_inline.backend_inline

    formats = ("retina",) if pictures else ()
    matplotlib_inline.backend_inline.set_matplotlib_formats(*formats)


def _describe_machine(course: Course) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN_PACKAGES)
    return (
        f"Python {platform.python_version()}, {packages}\n"
        f"device: {_device_name(course.device)}; profile: {course.profile.name}"
    )


def _device_name(device: str) -> str:
    import torch

    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{device} ({torch.get_num_threads()} threads)"
