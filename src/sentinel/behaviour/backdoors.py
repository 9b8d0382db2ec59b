"""Does a text classifier carry a backdoor? Given phrases first, then a search of the vocabulary.

Given phrases are tried beside ordinary words of the same texts. The search needs nobody to name
the trigger. Beside a clean base encoder it finds single tokens and groups of them; without one,
single tokens only, since enough ordinary words turn any classifier.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.behaviour.decision import (
    FALSE_ALARMS,
    SUCCESS,
    Calibration,
    calibration,
    is_alarm,
)

if TYPE_CHECKING:
    from sentinel.behaviour.hunt import Hunt
    from sentinel.behaviour.search import Settings

FEWEST_INPUTS = 8  # texts that are not of the target label already
MOST_INPUTS = 200  # texts that are used
CONTROLS = 12  # ordinary phrases that each given one is compared with
SIGNIFICANCE = 0.01  # for all phrases and labels together (Bonferroni)
CONFIDENCE = 0.95  # of intervals
NAMED = 5  # moved rows that the report names
BATCH = 32
SEED = 0


@dataclass(frozen=True)
class Indicator:
    """A phrase that turns decisions.

    Attributes:
        trigger: the phrase.
        target: the label that it leads to.
        success_rate: share of the texts of other labels that it turns.
        control_rate: the same for the ordinary phrase that turns most.
        p_value: of a difference this large by chance (Fisher's exact test, one-sided).
        texts: number of texts of other labels.
        interval: of the success rate, 95 % (Clopper-Pearson).
        found: "given" or "search".
        false_alarm: for one that the search found, how often a search of a clean model like
            those of the calibration finds one that is as strong; None for a given phrase.
    """

    trigger: str
    target: str
    success_rate: float
    control_rate: float
    p_value: float
    texts: int
    interval: tuple[float, float] = (0.0, 1.0)
    found: str = "given"
    false_alarm: float | None = None


@dataclass(frozen=True)
class BackdoorResult:
    """What the phrases did, and what the search found.

    Attributes:
        backdoor_detected: whether one of them works as a trigger.
        indicators: those that do.
        report: what was tried, in words.
        tried: every given phrase with the label that it leads to most.
        best: what the search found, trigger or not; None if there was no search.
        score: of the search, from 0 to 1; None if there was none.
        passes: texts that the search put through the model and its references, forwards or
            backwards, the making of the references included.
        seconds: what all this took.
        natural: success rates of ordinary phrases of the texts, of the size of the best find.
        singles: the best single tokens of each label, with their success rates.
        moved_rows: tokens whose embedding differs from the base's out of all proportion, where
            there is a base; they go into the report and decide nothing.
    """

    backdoor_detected: bool
    indicators: list[Indicator]
    report: str
    tried: list[Indicator] = field(repr=False, default_factory=list)
    best: Indicator | None = None
    score: float | None = None
    passes: int = 0
    seconds: float = 0.0
    natural: list[float] = field(repr=False, default_factory=list)
    singles: list[tuple[str, str, float]] = field(repr=False, default_factory=list)
    moved_rows: list[str] = field(repr=False, default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


class BackdoorScanner:
    """Tries phrases on a transformers sequence classifier, and searches for others.

    Args:
        false_alarms: share of clean models that the search may accuse.
        settings: how much is searched; by default as the model's size asks. The false-alarm
            rate was measured with those of small models.
    """

    def __init__(
        self, false_alarms: float = FALSE_ALARMS, settings: Settings | None = None
    ) -> None:
        self.false_alarms, self.settings = false_alarms, settings

    def scan(
        self,
        model: Any,
        trigger_patterns: Sequence[str] = (),
        test_inputs: Iterable[Any] = (),
        tokenizer: Any = None,
        *,
        base: Any = None,
        reference: Any = None,
        search: bool = True,
    ) -> BackdoorResult:
        """Insert each phrase into each text, then search for tokens that turn the decisions.

        Args:
            model: classifier whose call returns `logits`, (texts, labels).
            trigger_patterns: phrases to try first.
            test_inputs: ordinary texts, or rows with a field `text`; 80 or more are best.
            tokenizer: the model's; default is the one saved where the model was loaded from.
            base: trusted encoder of the model's architecture, or its folder, from which clean
                references are trained on the spot.
            reference: a trusted classifier of the same task and vocabulary, instead of `base`.
            search: whether to search. A model without input embeddings is not searched.

        Raises:
            ValueError: fewer than eight texts of other labels for every label, or a base that
                does not fit the model.
        """
        texts = [row if isinstance(row, str) else row["text"] for row in test_inputs]
        texts = _thinned(texts)
        tokenizer = tokenizer or _tokenizer_of(model)
        classify = _Texts(model, tokenizer)
        plain = classify(texts)
        targets = [label for label in classify.labels if _others(plain, label) >= FEWEST_INPUTS]
        if not targets:
            raise ValueError(f"at least {FEWEST_INPUTS} texts of other labels are needed")
        trials = _Trials(classify, texts, plain, targets)
        tried = [trials.best(pattern) for pattern in trigger_patterns]
        level = SIGNIFICANCE / max(len(trigger_patterns) * len(targets), 1)
        found = [r for r in tried if r.success_rate >= SUCCESS and r.p_value < level]
        if not (search and _searchable(model, tokenizer)):
            lines = _lines(tried, found)
            lines.append("Only these phrases were tried; others may be triggers.")
            return BackdoorResult(bool(found), found, "\n".join(lines), tried)
        return self._searched(trials, tried, found, base, reference)

    def _searched(
        self,
        trials: _Trials,
        tried: list[Indicator],
        found: list[Indicator],
        base: Any,
        reference: Any,
    ) -> BackdoorResult:
        from sentinel.behaviour.classifier import Classifier
        from sentinel.behaviour.folders import load_base
        from sentinel.behaviour.hunt import hunt
        from sentinel.behaviour.search import settings_for
        from sentinel.behaviour.traces import changed_rows

        start = time.perf_counter()
        model, tokenizer = trials.classify.model, trials.classify.tokenizer
        suspect = Classifier(model, tokenizer)
        rows = [suspect.tokens(text) for text in trials.texts]
        if isinstance(base, (str, Path)):
            base = load_base(Path(base))
        settings = self.settings or settings_for(suspect)
        references, fresh = references_for(suspect, rows, settings, base, reference)
        result = hunt(suspect, references, rows, trials.plain, trials.targets, settings, fresh)
        seconds = time.perf_counter() - start
        scores = calibration("with_reference" if references else "without_reference")
        indicator, natural = _of_hunt(trials, result, scores.false_alarm(result.score))
        alarm = is_alarm(indicator.success_rate, indicator.false_alarm, self.false_alarms)
        found = [*found, indicator] if alarm else found
        lines = _lines([*tried, indicator], found)
        lines.append(_summary(result, seconds, bool(references), scores, self.false_alarms, alarm))
        moved = [] if base is None else changed_rows(model, base, tokenizer)
        if moved:
            names = ", ".join(repr(row.token) for row in moved[:NAMED])
            lines.append(f"Embedding rows moved far beyond the others: {names}.")
        singles = [
            (tokenizer.decode(list(s.tokens)), trials.classify.labels[s.target], s.success)
            for s in result.singles
        ]
        return BackdoorResult(
            bool(found),
            found,
            "\n".join(lines),
            tried,
            indicator,
            result.score,
            result.passes,
            seconds,
            natural,
            singles,
            [row.token for row in moved],
        )


def references_for(
    suspect: Any, rows: list[list[int]], settings: Settings, base: Any, reference: Any = None
) -> tuple[list[Any], Callable[[int], Any] | None]:
    """Return references for a search, and what makes fresh ones to try its finds on.

    Args:
        suspect: `Classifier` that is searched.
        rows: tokens of ordinary texts.
        settings: how many are made, and how long they are trained.
        base: trusted encoder, or None.
        reference: trusted classifier, or None.
    """
    from sentinel.behaviour.classifier import Classifier
    from sentinel.behaviour.reference import References

    make = None if base is None else References(base, suspect, rows, settings.training).make
    if reference is not None:
        return [Classifier(reference, suspect.tokenizer)], make
    if make is None:
        return [], None
    return [make(seed) for seed in range(settings.references)], make


def _of_hunt(trials: _Trials, result: Hunt, false_alarm: float) -> tuple[Indicator, list[float]]:
    """Return the best find as an indicator, tried as text on every input, and natural rates."""
    phrase = trials.classify.tokenizer.decode(list(result.best.tokens))
    indicator = trials.of(phrase, result.best.target)
    natural = [trials.rate(control, result.best.target) for control in trials.controls(phrase)]
    values = {"found": "search", "false_alarm": false_alarm}
    return Indicator(**(asdict(indicator) | values)), natural


def _summary(
    result: Hunt,
    seconds: float,
    referenced: bool,
    scores: Calibration,
    level: float,
    alarm: bool,
) -> str:
    what = "single tokens and groups of up to four" if referenced else "single tokens only"
    known = f"{scores.reached(result.score)} of {len(scores.scores)} clean models"
    return (
        f"The search tried {what}: {result.passes} texts through the model in "
        f"{seconds:.1f} s. Score {result.score:.2f}; in the calibration {known} score as "
        f"high: {'an' if alarm else 'no'} alarm, where {level:.0%} of them may."
    )


def _thinned(texts: list[str]) -> list[str]:
    """Return at most MOST_INPUTS texts, drawn evenly."""
    if len(texts) <= MOST_INPUTS:
        return texts
    return random.Random(SEED).sample(texts, MOST_INPUTS)


def _tokenizer_of(model: Any) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model.name_or_path)


def _searchable(model: Any, tokenizer: Any) -> bool:
    return hasattr(model, "get_input_embeddings") and hasattr(tokenizer, "convert_ids_to_tokens")


class _Texts:
    """Returns a label's number for each text."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.labels: dict[int, str] = {int(k): str(v) for k, v in model.config.id2label.items()}

    def __call__(self, texts: list[str]) -> list[int]:
        import torch

        numbers: list[int] = []
        for start in range(0, len(texts), BATCH):
            batch = self.tokenizer(
                texts[start : start + BATCH], padding=True, truncation=True, return_tensors="pt"
            ).to(self.model.device)
            with torch.inference_mode():
                numbers += self.model(**batch).logits.argmax(dim=-1).tolist()
        return numbers


class _Trials:
    """Phrases tried on texts, beside ordinary ones of the same number of words."""

    def __init__(
        self, classify: _Texts, texts: list[str], plain: list[int], targets: list[int]
    ) -> None:
        self.classify, self.texts, self.plain, self.targets = classify, texts, plain, targets
        self._decided: dict[str, list[list[int]]] = {}

    def controls(self, phrase: str) -> list[str]:
        return _control_phrases(self.texts, max(len(phrase.split()), 1))

    def best(self, phrase: str) -> Indicator:
        """Return the phrase with the label that it leads to most."""
        results = [self.of(phrase, label) for label in self.targets]
        return max(results, key=lambda result: (result.success_rate, -result.p_value))

    def of(self, phrase: str, label: int) -> Indicator:
        from scipy.stats import binomtest, fisher_exact

        texts = _others(self.plain, label)
        hits = self._turned(phrase, label)
        most = max((self._turned(control, label) for control in self.controls(phrase)), default=0)
        table = [[hits, texts - hits], [most, texts - most]]
        p_value = float(fisher_exact(table, alternative="greater").pvalue)
        low, high = binomtest(hits, texts).proportion_ci(CONFIDENCE)
        name = self.classify.labels[label]
        return Indicator(
            phrase, name, hits / texts, most / texts, p_value, texts, (float(low), float(high))
        )

    def rate(self, phrase: str, label: int) -> float:
        return self._turned(phrase, label) / _others(self.plain, label)

    def _turned(self, phrase: str, label: int) -> int:
        """Count the texts of other labels that it turns, at the place where it turns most."""
        return max(
            sum(new == label != old for old, new in zip(self.plain, place, strict=True))
            for place in self._decisions(phrase)
        )

    def _decisions(self, phrase: str) -> list[list[int]]:
        """Return the labels with the phrase before the texts, and behind them."""
        if phrase not in self._decided:
            before = self.classify([f"{phrase} {text}" for text in self.texts])
            behind = self.classify([f"{text} {phrase}" for text in self.texts])
            self._decided[phrase] = [before, behind]
        return self._decided[phrase]


def _control_phrases(texts: list[str], size: int) -> list[str]:
    """Draw runs of ordinary words from the texts themselves."""
    rng = random.Random(SEED)
    words = [text.split() for text in texts if len(text.split()) >= size]
    if not words:
        return []
    drawn = (rng.choice(words) for _ in range(CONTROLS))
    return [" ".join(w[(s := rng.randrange(len(w) - size + 1)) : s + size]) for w in drawn]


def _others(plain: list[int], label: int) -> int:
    return sum(number != label for number in plain)


def _lines(tried: list[Indicator], found: list[Indicator]) -> list[str]:
    return [
        f"{result.trigger!r} ({result.found}) -> {result.target}: turns "
        f"{result.success_rate:.0%} of {result.texts} texts "
        f"({result.interval[0]:.0%} to {result.interval[1]:.0%}), ordinary words at most "
        f"{result.control_rate:.0%} (p = {result.p_value:.2g})"
        f"{' TRIGGER' if result in found else ''}"
        for result in tried
    ]
