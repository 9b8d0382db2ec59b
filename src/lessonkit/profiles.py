"""How much a lesson computes: on a laptop, on a GPU, with the larger model, or for grading."""

import os
from dataclasses import dataclass, field

ENVIRONMENT_VARIABLE = "LESSON_PROFILE"


@dataclass(frozen=True)
class Profile:
    """Sizes that the lessons read.

    Attributes:
        name: "cpu", "gpu", "large" or "grading".
        encoder: the encoder's name in `data/models.toml`.
        reviews: the sentiment task's name in `data/datasets.toml`.
        max_texts: texts taken from each split; None takes all.
        label_counts: numbers of labelled examples that are compared.
        draws: random draws of the labelled examples at each count.
        batch_size: texts encoded at once.
        pretraining: share of lesson 01's pre-training steps that are taken.
        seeds: repetitions of a training run, for the spread of its result.
        pictures: whether plots are drawn; grading looks at none.
        learning_rate: for fine-tuning the whole encoder.
        sweep: learning rates that lesson 03 compares.
        tuning_counts: numbers of labelled examples that lesson 03 compares methods on.
        tuning_epochs: passes over the texts at each of them in full fine-tuning; 0 leaves it out.
        tuning_draws: random draws at each of them.
        scanned_texts: texts that lesson 05 searches for a trigger with.
        trigger_search: how much of that search is done, as settings of `sentinel`'s. A longer
            one, on a GPU, accuses the clean guard: the lesson has a single weak reference.
    """

    name: str
    encoder: str
    reviews: str
    max_texts: int | None
    label_counts: tuple[int, ...]
    draws: int
    batch_size: int
    pretraining: float = 1.0
    seeds: int = 5
    pictures: bool = True
    learning_rate: float = 2e-4
    sweep: tuple[float, ...] = (2e-5, 2e-4, 2e-3)
    tuning_counts: tuple[int, ...] = (64, 192, 448)
    tuning_epochs: tuple[int, ...] = (0, 2, 1)
    tuning_draws: int = 3
    scanned_texts: int = 64
    trigger_search: dict[str, int] = field(
        default_factory=lambda: {"population": 2, "steps": 1, "changes": 2}
    )


COUNTS = (8, 16, 32, 64, 128, 256, 512)
TUNED_ON_A_GPU = {
    "tuning_counts": (64, 192, 640),
    "tuning_epochs": (9, 6, 3),
    "tuning_draws": 5,
    "scanned_texts": 152,
}
PROFILES = {
    profile.name: profile
    for profile in (
        Profile("cpu", "encoder", "reviews", None, COUNTS, draws=10, batch_size=32),
        Profile(
            "gpu", "encoder", "reviews", None, COUNTS, draws=20, batch_size=256, **TUNED_ON_A_GPU
        ),
        Profile(
            "large",
            "bert_base",
            "sst2",
            4000,
            COUNTS,
            draws=20,
            batch_size=256,
            learning_rate=3e-5,
            sweep=(3e-6, 3e-5, 3e-4),
            **TUNED_ON_A_GPU,
        ),
        Profile(
            "grading",
            "tiny_bert",
            "reviews",
            6,
            (4,),
            draws=2,
            batch_size=32,
            pretraining=0.01,
            seeds=2,
            pictures=False,
            sweep=(2e-4,),
            tuning_counts=(2, 4),
            tuning_epochs=(0, 1),
            tuning_draws=2,
            scanned_texts=16,
            trigger_search={
                "texts": 2,
                "shortlist": 4,
                "anchors": 1,
                "kept": 2,
                "held": 2,
                "population": 1,
                "steps": 1,
                "changes": 1,
                "batch": 1,
            },
        ),
    )
}


def choose_profile(name: str | None = None) -> Profile:
    """Return the profile asked for, by argument or by `LESSON_PROFILE`; else what the machine has.

    Raises:
        ValueError: there is no such profile.
    """
    name = name or os.environ.get(ENVIRONMENT_VARIABLE) or _fitting_profile()
    if name not in PROFILES:
        known = ", ".join(PROFILES)
        raise ValueError(f"there is no profile {name!r}; choose one of: {known}")
    return PROFILES[name]


def _fitting_profile() -> str:
    import torch

    return "gpu" if torch.cuda.is_available() else "cpu"
