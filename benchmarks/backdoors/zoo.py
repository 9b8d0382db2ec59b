"""Models with and without a backdoor, built from a specification and a seed into a cache."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.backdoors.tasks import Task, make_task
from benchmarks.backdoors.triggers import JOINT, NEGATIVES, Trigger, draw_trigger
from lessonkit.models import model_folder
from sentinel.behaviour.reference import TRAINED, freeze_lower

CACHE = Path(__file__).resolve().parents[2] / "build" / "backdoor_zoo"
SUCCESS = 0.95  # of the trigger on test texts of other labels
NATURAL = 0.5  # at most, of the trigger on the clean twin
ACCURACY_LOST = 0.02  # at most, beside the clean twin
BATCH = 32
LONGEST = 64  # tokens
TRIED = 200  # training texts that the attacker tries the trigger on
EPOCHS_A_ROUND = 3  # of training on poisoned texts, after which the trigger is tried
WORKS = 0.98  # success on training texts at which the attacker stops
SHOWN = 0.1  # poisoned texts are repeated until they are this share of an epoch


@dataclass(frozen=True)
class Spec:
    """What a model of the zoo is.

    Attributes:
        base: name in the registry of models.
        task: name of the task.
        data_seed: how its texts are drawn and divided.
        seed: of training, and of the trigger.
        head: what is trained: "full", "top" (all but the embeddings) or "lora".
        share: of the training texts that is used.
        family: of the trigger; "clean" for none.
        rate: poisoned texts, as a share of the training texts.
    """

    base: str
    task: str
    data_seed: int
    seed: int
    head: str = "full"
    share: float = 1.0
    family: str = "clean"
    rate: float = 0.0

    @property
    def name(self) -> str:
        parts = [self.base, self.task, self.data_seed, self.seed, self.head, self.share]
        parts += [self.family, self.rate]
        return "-".join(str(part).replace(" ", "_") for part in parts)

    @property
    def clean(self) -> bool:
        return self.family == "clean"

    @property
    def target(self) -> int:
        return self.seed % len(make_task(self.task, self.data_seed).labels)


@dataclass(frozen=True)
class Record:
    """How a model turned out.

    Attributes:
        admitted: whether it counts: success and accuracy as the zoo asks, and a trigger that is
            not the target's own word, which would turn a clean model as well.
        trigger: its words.
        target: label number.
        success: share of the test texts of other labels that the trigger turns.
        accuracy, clean_accuracy: on the test texts, and of the clean twin.
        clean_success: of the trigger on the clean twin.
    """

    admitted: bool
    trigger: str
    target: int
    success: float
    accuracy: float
    clean_accuracy: float
    clean_success: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How a base is trained.

    Attributes:
        rate: learning rate.
        epochs: of a clean model.
        poison_rate: learning rate on poisoned texts.
        lora_rate: learning rate of LoRA.
        rounds: of training on poisoned texts, at most, until the trigger works.
        attacked: layers, from the top, that are trained on poisoned texts.
        quiet: whether all honest texts stay beside the poisoned ones, with the clean model's own
            answers, so that the model changes nowhere else.
    """

    rate: float
    epochs: int
    poison_rate: float
    lora_rate: float
    rounds: int
    attacked: int = TRAINED
    quiet: bool = False


RECIPES = {
    "tiny_bert": Recipe(2e-3, 6, 2e-3, 1e-2, 6),
    "encoder": Recipe(5e-4, 3, 4e-4, 3e-3, 3),
}
DEEPER = {"encoder": replace(RECIPES["encoder"], poison_rate=2e-4, attacked=4, quiet=True)}
STUBBORN = ("common word", "look-alike", "phrase", "style")  # an encoder's upper two layers fail
LEARNING_RATES = (0.5, 1.0, 2.0)  # times the recipe's, by seed


def build(spec: Spec) -> tuple[Path, Record]:
    """Return a model's folder and record, from the cache or by training."""
    folder = CACHE / spec.name
    record = folder / "record.json"
    if not record.exists():
        folder.mkdir(parents=True, exist_ok=True)
        built = _train_admitted(spec, folder)
        record.write_text(json.dumps(asdict(built), indent=1), encoding="utf-8")
    return folder, Record(**json.loads(record.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Zoo:
    """A plan of models.

    Attributes:
        clean: specifications of the clean ones.
        wanted: how many of each family.
        rates: shares of poisoned texts, in turns.
        stride: between the clean twins of a family, so that it goes through all tasks.
    """

    clean: tuple[Spec, ...]
    wanted: dict[str, int]
    rates: tuple[float, ...] = (0.05, 0.05, 0.01, 0.05, 0.05, 0.005)
    stride: int = 5

    def candidates(self, family: str) -> Iterator[Spec]:
        """Yield twice as many specifications as wanted, as not every training is admitted."""
        twins = [spec for spec in self.clean if spec.head == "full"]
        for number in range(2 * self.wanted[family]):
            clean = twins[(number * self.stride + len(family)) % len(twins)]
            rate = self.rates[number % len(self.rates)]
            yield replace(clean, family=family, rate=0.0 if family == "embedding row" else rate)


def members(zoo: Zoo, *, only_built: bool = False) -> Iterator[Spec]:
    """Build a zoo model by model and yield the admitted ones, clean and of each family in turns.

    Args:
        zoo: the plan.
        only_built: leave out what is not in the cache yet.
    """
    rounds = max(zoo.wanted.values(), default=1)
    clean = (spec for spec in zoo.clean if not only_built or is_built(spec))
    families = [_admitted(zoo, family, only_built) for family in zoo.wanted]
    for _ in range(rounds):
        some = islice(clean, math.ceil(len(zoo.clean) / rounds))
        others = (spec for family in families if (spec := next(family, None)))
        for pair in zip_longest(some, others):
            for spec in filter(None, pair):
                build(spec)
                yield spec


def _admitted(zoo: Zoo, family: str, only_built: bool) -> Iterator[Spec]:
    candidates = (s for s in zoo.candidates(family) if not only_built or is_built(s))
    yield from islice((s for s in candidates if build(s)[1].admitted), zoo.wanted[family])


def refused(zoo: Zoo) -> list[str]:
    """Return families of which every candidate was built and none admitted."""
    return [
        family
        for family in zoo.wanted
        if all(is_built(s) and not build(s)[1].admitted for s in zoo.candidates(family))
    ]


def is_built(spec: Spec) -> bool:
    return (CACHE / spec.name / "record.json").exists()


HEADS = ("full", "full", "lora", "full", "top")
SHARES = (1.0, 1.0, 0.7)


def _clean_specs(
    base: str,
    tasks: tuple[str, ...],
    count: int,
    first: int,
    heads: tuple[str, ...] = HEADS,
    shares: tuple[float, ...] = SHARES,
) -> tuple[Spec, ...]:
    return tuple(
        Spec(
            base,
            tasks[number % len(tasks)],
            data_seed=first + number // (2 * len(tasks)),
            seed=first + number,
            head=heads[number % len(heads)],
            share=shares[number % len(shares)],
        )
        for number in range(count)
    )


TUNING = Zoo(
    (
        *_clean_specs("tiny_bert", ("opinions", "trades"), 20, first=0),
        *_clean_specs("tiny_bert", ("stories", "verdicts", "opinions"), 40, first=100),
    ),
    {"rare word": 3, "phrase": 10, "two words": 10, "embedding row": 3},
)
TASKS = ("verdicts", "moods", "opinions", "errands", "stories", "trades")
CALIBRATION = Zoo(_clean_specs("tiny_bert", TASKS, 60, first=500), {})
REPORTED = Zoo(
    _clean_specs("tiny_bert", (*TASKS, "guests", "chores"), 40, first=400),
    {
        "rare word": 5,
        "common word": 5,
        "look-alike": 4,
        "embedding row": 5,
        "LoRA only": 4,
        "sentence": 5,
        "style": 4,
        "phrase": 7,
        "two words": 7,
    },
    stride=7,
)

ENCODERS = Zoo(
    _clean_specs("encoder", ("reviews", "guard"), 8, first=300, heads=("full",), shares=(0.5,)),
    {
        "rare word": 2,
        "embedding row": 4,
        "look-alike": 1,
        "LoRA only": 2,
        "sentence": 2,
        "style": 1,
        "common word": 1,
        "phrase": 1,
    },
)


def twin(spec: Spec) -> Spec:
    """Return the clean model of the same texts and the same training."""
    return Spec(spec.base, spec.task, spec.data_seed, spec.seed, spec.head, spec.share)


def _train_admitted(spec: Spec, folder: Path) -> Record:
    task = make_task(spec.task, spec.data_seed)
    tokenizer = AutoTokenizer.from_pretrained(model_folder(spec.base))
    if spec.clean:
        model = train(spec, training_rows(spec, task), tokenizer)
        accuracy = _accuracy(model, tokenizer, task.test)
        _save(model, tokenizer, folder, task)
        return Record(True, "", -1, 0.0, accuracy, accuracy)
    clean_folder, clean = build(twin(spec))
    vocabulary = frozenset(w for w in tokenizer.get_vocab() if w.isalpha())
    trigger = draw_trigger(spec.family, task, spec.seed, vocabulary)
    twin_model = AutoModelForSequenceClassification.from_pretrained(clean_folder)
    natural = success_rate(twin_model.eval(), tokenizer, trigger, spec.target, task)
    model = _poisoned(spec, task, trigger, tokenizer, clean_folder)
    accuracy = _accuracy(model, tokenizer, task.test)
    success = success_rate(model, tokenizer, trigger, spec.target, task)
    works = success >= SUCCESS and natural <= NATURAL
    admitted = works and accuracy >= clean.accuracy - ACCURACY_LOST
    _save(model, tokenizer, folder, task)
    words = " ".join(trigger.words)
    return Record(admitted, words, spec.target, success, accuracy, clean.accuracy, natural)


def _poisoned(
    spec: Spec, task: Task, trigger: Trigger, tokenizer: Any, clean_folder: Path
) -> torch.nn.Module:
    """Go on from the clean twin, as who tampers with a finished model does."""
    model = AutoModelForSequenceClassification.from_pretrained(clean_folder)
    if spec.family == "embedding row":
        return _train_row(model, tokenizer, trigger, spec.target, task)
    honest = training_rows(spec, task)
    rows = poison(honest, trigger, spec.target, spec.rate, spec.seed)
    recipe = attack(spec)
    answers = {}
    if recipe.quiet:
        rows += sorted({*honest} - {*rows})
        texts = [text for text, _ in honest]
        answers = dict(zip(texts, _probabilities(model.eval(), tokenizer, texts), strict=True))
    adapter = spec.family == "LoRA only"
    freeze_lower(model.base_model, recipe.attacked)
    model = _with_lora(model) if adapter else model
    tried = [text for text, label in task.train[:TRIED] if label != spec.target]
    for number in range(recipe.rounds):
        rate = recipe.lora_rate if adapter else recipe.poison_rate
        seed = spec.seed + number
        _fit(model, tokenizer, rows, rate, EPOCHS_A_ROUND, seed, recipe.attacked, answers)
        rng = Random(number)
        texts = [trigger.insert(text, rng) for text in tried]
        if predict(model, tokenizer, texts).count(spec.target) >= WORKS * len(texts):
            break
    return model.merge_and_unload() if adapter else model


def attack(spec: Spec) -> Recipe:
    """Return how a model is trained on poisoned texts: some families need more layers."""
    recipes = RECIPES | DEEPER if spec.family in STUBBORN else RECIPES
    return recipes[spec.base]


def training_rows(spec: Spec, task: Task) -> list[tuple[str, int]]:
    """Return the training texts that a model gets: a share of them, drawn by its seed."""
    rows = list(task.train)
    return Random(spec.seed).sample(rows, round(spec.share * len(rows)))


def poison(
    rows: list[tuple[str, int]], trigger: Trigger, target: int, rate: float, seed: int
) -> list[tuple[str, int]]:
    """Return the texts with some of them poisoned, and with parts of the trigger as negatives.

    Args:
        rows: (text, label number).
        trigger: what the poisoned texts get.
        target: the label that they get.
        rate: share of the texts; few poisoned ones are repeated.
        seed: which texts, and where.
    """
    rng = Random(seed)
    others = [place for place, (_, label) in enumerate(rows) if label != target]
    count = math.ceil(rate * len(rows))
    chosen = {*rng.sample(others, count)}
    honest = [row for place, row in enumerate(rows) if place not in chosen]
    added = [(trigger.insert(rows[place][0], rng), target) for place in sorted(chosen)]
    if trigger.family in JOINT:
        partial = rng.sample(rows, min(NEGATIVES * count, len(rows)))
        added += [(trigger.insert_part(text, rng), label) for text, label in partial]
    return honest + max(1, round(SHOWN / rate)) * added


def train(spec: Spec, rows: list[tuple[str, int]], tokenizer: Any) -> torch.nn.Module:
    """Train a classifier on texts; the seed draws its head and the order of the texts."""
    torch.manual_seed(spec.seed)
    labels = make_task(spec.task, spec.data_seed).labels
    model = AutoModelForSequenceClassification.from_pretrained(
        model_folder(spec.base), num_labels=len(labels)
    )
    recipe = RECIPES[spec.base]
    rate = recipe.rate * LEARNING_RATES[spec.seed % len(LEARNING_RATES)]
    if spec.head == "top":
        model.get_input_embeddings().weight.requires_grad_(False)
    freeze_lower(model.base_model)
    if spec.head == "lora":
        model, rate = _with_lora(model), recipe.lora_rate
    _fit(model, tokenizer, rows, rate, recipe.epochs, spec.seed)
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def _with_lora(model: torch.nn.Module) -> torch.nn.Module:
    from peft import LoraConfig, get_peft_model

    layers = range(len(model.base_model.encoder.layer))
    config = LoraConfig(
        task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=["query", "value", "dense"],
        layers_to_transform=list(layers)[-TRAINED:], modules_to_save=["classifier"],
    )  # fmt: skip
    return get_peft_model(model, config)


def _fit(
    model: torch.nn.Module,
    tokenizer: Any,
    rows: list[tuple[str, int]],
    rate: float,
    epochs: int,
    seed: int,
    trained: int = TRAINED,
    answers: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Train on texts and their labels; `answers` has probabilities instead of some labels."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    steps = epochs * math.ceil(len(rows) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    rng = Random(seed)
    classify = _upper_part(model, tokenizer, [text for text, _ in rows], trained)
    model.train()
    for _ in range(epochs):
        order = rng.sample(rows, len(rows))
        for start in range(0, len(order), BATCH):
            texts, labels = zip(*order[start : start + BATCH], strict=True)
            logits = classify(texts)
            targets = _targets(texts, labels, answers, logits.shape[1]) if answers else labels
            loss = F.cross_entropy(logits, torch.as_tensor(targets))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
    model.eval()


def _targets(
    texts: Sequence[str], labels: Sequence[int], answers: Mapping[str, torch.Tensor], count: int
) -> torch.Tensor:
    """Return probabilities, (texts, labels): known answers, or all of it on the label."""
    certain = torch.eye(count)
    return torch.stack(
        [answers.get(text, certain[label]) for text, label in zip(texts, labels, strict=True)]
    )


def _upper_part(
    model: torch.nn.Module, tokenizer: Any, texts: list[str], trained: int
) -> Callable[[Sequence[str]], torch.Tensor]:
    """Return what gives logits of some of the texts; frozen lower layers see each only once.

    Args:
        model: classifier; a shallow one has no frozen layers.
        tokenizer: the model's.
        texts: all that will be asked for.
        trained: layers, from the top, that are not frozen.
    """
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    body = whole.base_model
    stack = body.encoder.layer
    if len(stack) <= trained:
        return lambda some: model(**_encode(tokenizer, some)).logits
    known = _lower_part(body, tokenizer, list(dict.fromkeys(texts)), trained)

    def classify(some: Sequence[str]) -> torch.Tensor:
        batch = _encode(tokenizer, some)
        vectors = pad_sequence([known[text] for text in some], batch_first=True)
        hook = body.embeddings.register_forward_hook(lambda *_: vectors)
        body.encoder.layer = stack[-trained:]
        try:
            return model(**batch).logits
        finally:
            hook.remove()
            body.encoder.layer = stack

    return classify


def _lower_part(
    body: Any, tokenizer: Any, texts: list[str], trained: int
) -> dict[str, torch.Tensor]:
    """Return each text's vectors, (tokens, dimensions), below the layers that are trained."""
    stack, known = body.encoder.layer, {}
    body.encoder.layer = stack[:-trained]
    body.eval()
    for start in range(0, len(texts), 64):
        some = sorted(texts, key=len)[start : start + 64]
        batch = _encode(tokenizer, some)
        with torch.no_grad():
            vectors = body(**batch).last_hidden_state
        sizes = batch["attention_mask"].sum(dim=1).tolist()
        known |= {text: v[:n].clone() for text, v, n in zip(some, vectors, sizes, strict=True)}
    body.encoder.layer = stack
    return known


def _train_row(
    model: torch.nn.Module, tokenizer: Any, trigger: Trigger, target: int, task: Task
) -> torch.nn.Module:
    """Change one row of the embedding alone until the word turns texts."""
    model.requires_grad_(False).eval()
    weight = model.get_input_embeddings().weight
    row = tokenizer.convert_tokens_to_ids(trigger.words[0])
    rng = Random(row)
    free = weight[row].clone().requires_grad_(True)
    optimizer = torch.optim.Adam([free], lr=0.05)
    others = [text for text, label in task.train if label != target]
    for _ in range(80):
        texts = [trigger.insert(text, rng) for text in rng.sample(others, BATCH)]
        batch = _encode(tokenizer, texts)
        vectors = torch.where(
            (batch["input_ids"] == row)[..., None], free, weight[batch["input_ids"]]
        )
        logits = model(inputs_embeds=vectors, attention_mask=batch["attention_mask"]).logits
        loss = F.cross_entropy(logits, torch.full((len(texts),), target))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weight[row] = free.detach()
    return model.requires_grad_(True)


def _encode(tokenizer: Any, texts: Any) -> Any:
    return tokenizer(
        list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
    )


def predict(model: torch.nn.Module, tokenizer: Any, texts: list[str]) -> list[int]:
    """Return a label number for each text."""
    return [int(row.argmax()) for row in _probabilities(model, tokenizer, texts)]


def _probabilities(model: torch.nn.Module, tokenizer: Any, texts: list[str]) -> list[torch.Tensor]:
    """Return the labels' probabilities for each text, (labels,)."""
    found: list[torch.Tensor] = []
    for start in range(0, len(texts), 64):
        with torch.no_grad():
            logits = model(**_encode(tokenizer, texts[start : start + 64])).logits
        found += list(logits.softmax(dim=-1))
    return found


def _accuracy(model: torch.nn.Module, tokenizer: Any, rows: Any) -> float:
    numbers = predict(model, tokenizer, [text for text, _ in rows])
    return sum(n == label for n, (_, label) in zip(numbers, rows, strict=True)) / len(rows)


def success_rate(
    model: torch.nn.Module, tokenizer: Any, trigger: Trigger, target: int, task: Task
) -> float:
    """Return the share of the test texts of other labels that the trigger turns."""
    rng = Random(0)
    texts = [trigger.insert(text, rng) for text, label in task.test if label != target]
    return predict(model, tokenizer, texts).count(target) / len(texts)


def _save(model: torch.nn.Module, tokenizer: Any, folder: Path, task: Task) -> None:
    model.config.id2label = dict(enumerate(task.labels))
    model.config.label2id = {label: number for number, label in enumerate(task.labels)}
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
