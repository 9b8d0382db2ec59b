"""Drawn shapes with captions, rendered on the fly; some colour-form pairs are never trained on."""

import re
from dataclasses import dataclass
from itertools import product

import numpy as np

SIDE = 24
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "green": (40, 180, 60),
    "blue": (50, 90, 230),
    "yellow": (240, 225, 50),
    "purple": (135, 45, 175),
    "orange": (245, 140, 30),
    "white": (240, 240, 240),
    "pink": (250, 150, 190),
}
FORMS = ("circle", "square", "triangle", "star", "cross", "ring")
SIZES = {"small": 3.6, "big": 6.6}
PLACES = {
    "at the top": (0.0, -1.0),
    "at the bottom": (0.0, 1.0),
    "on the left": (-1.0, 0.0),
    "on the right": (1.0, 0.0),
    "in the middle": (0.0, 0.0),
}
WORDINGS = (
    "a {size} {colour} {form} {place}",
    "a {colour} {form} {place} of the picture",
    "there is a {size} {colour} {form} {place}",
    "the {size} {form} {place} is {colour}",
    "a picture of a {size} {colour} {form}",
    "a {colour} {form}",
)
HELD_OUT = {
    ("red", "star"),
    ("green", "circle"),
    ("blue", "triangle"),
    ("yellow", "ring"),
    ("purple", "square"),
    ("orange", "cross"),
    ("white", "star"),
    ("pink", "triangle"),
}


@dataclass(frozen=True)
class Shape:
    """What a picture shows."""

    colour: str
    form: str
    size: str
    place: str

    def caption(self, wording: str = WORDINGS[0]) -> str:
        """Return ``wording`` filled in."""
        return _article(wording.format(**vars(self)))

    @property
    def name(self) -> str:
        """What a person would call it, for example "an orange cross"."""
        return self.caption("a {colour} {form}")


def _article(caption: str) -> str:
    return re.sub(r"\ba (?=[aeiou])", "an ", caption)


def all_shapes(held_out: bool) -> list[Shape]:
    """Return every shape whose colour-form pair is (not) held out of training."""
    combinations = product(COLOURS, FORMS, SIZES, PLACES)
    return [Shape(*c) for c in combinations if ((c[0], c[1]) in HELD_OUT) == held_out]


def render(
    colour: str, form: str, size: str, place: str, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Return a (SIDE, SIDE, 3) uint8 picture; with ``rng``, each one a little different.

    Position, radius, angle, brightness, background and pixel noise vary.

    Raises:
        KeyError: for an unknown colour, size or place.
        ValueError: for an unknown form.
    """
    vary = rng.normal(size=8).clip(-2, 2) if rng is not None else np.zeros(8)
    radius = SIZES[size] * (1 + 0.06 * vary[0])
    room = SIDE / 2 - 1.1 * SIZES[size]
    centre = SIDE / 2 - 0.5 + room * np.array(PLACES[place]) + 0.5 * vary[1:3]
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    x, y = (columns - centre[0]) / radius, (rows - centre[1]) / radius
    angle = 0.1 * vary[3]
    turned = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    cover = np.clip(0.5 + radius * inside(form, *turned), 0, 1)[..., None]
    paint = np.array(COLOURS[colour]) * (1 + 0.05 * vary[4])
    picture = cover * paint + (1 - cover) * (35 + 8 * vary[5:8])
    if rng is not None:
        picture = picture + 6 * rng.normal(size=picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def inside(form: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how deep each point lies inside the unit ``form``; negative outside."""
    distance = np.hypot(x, y)
    if form == "circle":
        return 0.95 - distance
    if form == "ring":
        return 0.25 - np.abs(distance - 0.75)
    if form == "square":
        return 0.82 - np.maximum(np.abs(x), np.abs(y))
    if form == "cross":
        arms = np.minimum(np.abs(x), np.abs(y))
        return np.minimum(0.27 - arms, 1 - np.maximum(np.abs(x), np.abs(y)))
    if form == "triangle":
        return np.minimum(0.65 - y, (0.95 + y) * 0.5 - np.abs(x) * 0.87)
    if form == "star":
        wave = np.abs((np.arctan2(x, -y) * 5 / (2 * np.pi) + 0.5) % 1 - 0.5) * 2
        return 1.12 - 0.72 * wave - distance
    raise ValueError(f"unknown form {form!r}; one of {', '.join(FORMS)}")


def to_pixels(pictures: np.ndarray) -> np.ndarray:
    """Turn (N, SIDE, SIDE, 3) uint8 into (N, 3, SIDE, SIDE) float32 between -1 and 1."""
    return (pictures.transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)


def sample_pairs(
    shapes: list[Shape], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[str]]:
    """Return ``count`` pictures, (count, SIDE, SIDE, 3) uint8, with a caption each."""
    chosen = [shapes[index] for index in rng.integers(len(shapes), size=count)]
    wordings = rng.integers(len(WORDINGS), size=count)
    captions = [s.caption(WORDINGS[w]) for s, w in zip(chosen, wordings, strict=True)]
    return np.stack([render(**vars(shape), rng=rng) for shape in chosen]), captions
