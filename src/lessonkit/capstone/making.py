"""Making one download: a model's files, what is wrong with them, and the publisher's proof."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import save_file

from lessonkit.capstone import models
from lessonkit.capstone.models import EMBEDDINGS, WEIGHTS, Tensors
from lessonkit.capstone.planning import Item
from sentinel.provenance import make_key, sign_folder

RELEASE = 3  # the number that publishers who sign have reached
SPARE = ("<extra_id_8>", "<extra_id_9>")  # tokens of the vocabulary that no text holds
PERMITTED = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0")
FORBIDDEN = "cc-by-nc-4.0"
CODE = "class FastModel:\n    pass  # nothing: but a loader that trusts this folder would run it\n"
TASKS = {
    "classifier": "tells praise from blame in short English sentences",
    "bert": "fills in words that are missing from short English stories",
    "llama": "continues short English stories",
    "t5": "repairs passages that are missing from short English stories",
}


@dataclass
class Work:
    """A download in the making.

    Attributes:
        item: what it is to be.
        folder: where it lies.
        draw: decides everything that the plan leaves open.
        tensors, config, tokenizer: its content, before it is written.
        licence: what its card names; None for a card without, "" for no card.
        remark: a paragraph of its card.
        metadata: of its weight file.
        trigger: the planted word, if there is one.
        root: the signed release's root digest, if it is signed.
    """

    item: Item
    folder: Path
    draw: Random
    tensors: Tensors
    config: dict[str, Any]
    tokenizer: dict[str, str]
    licence: str | None
    remark: str = ""
    metadata: dict[str, str] = field(default_factory=lambda: {"format": "pt"})
    trigger: str = ""
    root: str = ""

    @property
    def table(self) -> torch.Tensor:
        """The model's embedding, one row a word."""
        return self.tensors[EMBEDDINGS[self.item.family]]

    def row(self, word: str) -> int:
        """Return a word's number."""
        return json.loads(self.tokenizer["tokenizer.json"])["model"]["vocab"][word]


Change = Callable[[Work], None]
CONTENT_CHANGES: dict[str, Change] = {}  # before the files are written
FILE_CHANGES: dict[str, Change] = {}  # before the publisher vouches for them
LATER_CHANGES: dict[str, Change] = {}  # after that


def _in(changes: dict[str, Change], *names: str) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        changes.update(dict.fromkeys(names, change))
        return change

    return register


def make_download(item: Item, folder: Path, seed: int, own_licence: str) -> Work:
    """Write a download's folder.

    Args:
        item: what it is to be.
        folder: the new folder.
        seed: decides what the plan leaves open.
        own_licence: the publisher's own licence, which the policy permits for this publisher.
    """
    draw = Random(f"{seed} {item.name}")
    tensors = models.weights_of(item.family, draw)
    config, tokenizer = models.settings_of(item.family), models.tokenizer_files(item.family)
    licence = own_licence if item.fine and not item.oddity else draw.choice(PERMITTED)
    work = Work(item, folder, draw, tensors, config, tokenizer, licence)
    steps = [*item.faults, item.oddity]
    _change(work, CONTENT_CHANGES, steps)
    _write(work)
    _change(work, FILE_CHANGES, steps)
    if item.proof == "signed":
        work.root = _sign(work)
    _change(work, LATER_CHANGES, steps if item.proof == "signed" else [])
    return work


def change_later(work: Work) -> None:
    """Do to the files of a download what happened after its publisher listed their digests."""
    if work.item.proof == "listed":
        _change(work, LATER_CHANGES, [*work.item.faults, work.item.oddity])


def _change(work: Work, changes: dict[str, Change], names: list[str]) -> None:
    for name in names:
        if name in changes:
            changes[name](work)


def _write(work: Work) -> None:
    work.folder.mkdir(parents=True)
    texts = {"config.json": json.dumps(work.config, indent=2), **work.tokenizer}
    if work.licence != "":
        texts["README.md"] = _card(work)
    for name, text in texts.items():
        (work.folder / name).write_text(text, encoding="utf-8")
    save_file(work.tensors, work.folder / WEIGHTS, work.metadata)


def _card(work: Work) -> str:
    licence = f"license: {work.licence}\n" if work.licence else ""
    return (
        f"---\n{licence}language: en\nlibrary_name: transformers\n---\n"
        f"# {work.item.name}\n\n"
        f"A small {work.item.family} model by {work.item.maker} that {TASKS[work.item.family]}.\n"
        f"{work.remark}"
    )


def _sign(work: Work, key: Path | None = None) -> str:
    """Sign the folder; return the root digest. The key lies beside the downloads, not in them."""
    key = key or work.folder.parent.parent / "keys" / work.item.maker
    key.parent.mkdir(exist_ok=True)
    make_key(key)
    release = RELEASE - 1 if "older release" in work.item.faults else RELEASE
    path = sign_folder(work.folder, key, name=work.item.name, version=release)
    statement = json.loads(path.read_text(encoding="utf-8"))["dsseEnvelope"]["payload"]
    return json.loads(_decoded(statement))["subject"][0]["digest"]["sha256"]


def _decoded(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text)


# What looks suspicious and is fine


@_in(CONTENT_CHANGES, "long row")
def _long_row(work: Work) -> None:
    """Lengthen a spare token's row: enough for a warning, not for an error."""
    logs = work.table.norm(dim=1).log()
    spread = 1.4826 * (logs - logs.median()).abs().median()
    wanted = logs.median() + max(15 * spread, torch.tensor(0.8))
    number = work.row(SPARE[1])
    work.table[number] *= wanted.exp() / work.table[number].norm()
    work.remark += f"\n`{SPARE[1]}` ended each document in training: its row grew long.\n"


@_in(CONTENT_CHANGES, "same rows")
def _same_rows(work: Work) -> None:
    first, second = (work.row(token) for token in SPARE)
    work.table[second] = work.table[first]
    work.remark += f"\n`{SPARE[0]}` and `{SPARE[1]}` are spare and start alike.\n"


@_in(FILE_CHANGES, "word filter")
def _word_filter(work: Work) -> None:
    numbers = [[work.row(word)] for word in ("fool", "stupid") if _known(work, word)]
    numbers = numbers or [[work.row(word)] for word in SPARE]
    settings = {"bad_words_ids": numbers, "pad_token_id": work.config["pad_token_id"]}
    path = work.folder / "generation_config.json"
    path.write_text(json.dumps(settings), encoding="utf-8")


def _known(work: Work, word: str) -> bool:
    return word in json.loads(work.tokenizer["tokenizer.json"])["model"]["vocab"]


@_in(CONTENT_CHANGES, "note in the weights")
def _note_in_the_weights(work: Work) -> None:
    work.metadata["run"] = "".join(work.draw.choices("ABCDEFabcdef0123456789+/", k=480))


@_in(FILE_CHANGES, "spare signature")
def _spare_signature(work: Work) -> None:
    """Sign with a key that the policy does not know: the publisher's digests are what counts."""
    _sign(work)


# Not what the publisher published


@_in(LATER_CHANGES, "one weight", "one weight, signed")
def _one_weight(work: Work) -> None:
    """Add a thousandth to one weight, in the file itself."""
    path = work.folder / WEIGHTS
    content = bytearray(path.read_bytes())
    place = len(content) - 4 * work.draw.randrange(1, 2000)
    value = struct.unpack_from("<f", content, place)[0]
    struct.pack_into("<f", content, place, value + 1e-3)
    path.write_bytes(content)


def _swap_words(work: Work, *, everywhere: bool) -> None:
    """Give two words each other's numbers, in the tokenizer or in the word list as well."""
    path = work.folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    first, second = work.draw.sample(models.RARE_WORDS, 2)
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
    if everywhere:
        text = models.vocabulary_text(content)
        (work.folder / "vocab.txt").write_text(text, encoding="utf-8")


@_in(LATER_CHANGES, "words swapped later")
def _words_swapped_later(work: Work) -> None:
    _swap_words(work, everywhere=True)


@_in(LATER_CHANGES, "file missing")
def _file_missing(work: Work) -> None:
    (work.folder / "vocab.txt").unlink()


@_in(LATER_CHANGES, "file added")
def _file_added(work: Work) -> None:
    settings = {"truncation_side": "left", "padding_side": "left"}
    path = work.folder / "preprocessor_config.json"
    path.write_text(json.dumps(settings), encoding="utf-8")


@_in(CONTENT_CHANGES, "look-alike name")
def _look_alike(work: Work) -> None:
    """Let the configuration name an organization with two letters swapped."""
    maker = work.item.maker
    place = next(i for i in range(1, len(maker)) if maker[i] != maker[i + 1])
    swapped = maker[:place] + maker[place + 1] + maker[place] + maker[place + 2 :]
    work.config["_name_or_path"] = f"{swapped}/{work.item.name}"


@_in(LATER_CHANGES, "signed by a stranger")
def _signed_by_a_stranger(work: Work) -> None:
    (work.folder / "model.sig").unlink()
    _sign(work, work.folder.parent.parent / "keys" / "stranger")


# Published as it is, and wrong in itself


class _Payload:
    """Pickles to a call of `os.getenv`, which does no harm and stands for one that does."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.getenv, ("HOME",)


@_in(FILE_CHANGES, "pickle")
def _pickle(work: Work) -> None:
    content = {"learning_rate": 5e-5, "callback": _Payload()}
    (work.folder / "training_args.bin").write_bytes(pickle.dumps(content, 2))


@_in(FILE_CHANGES, "code")
def _code(work: Work) -> None:
    module = f"modeling_{work.item.name}"
    (work.folder / f"{module}.py").write_text(CODE, encoding="utf-8")
    settings = work.config | {"auto_map": {"AutoModel": f"{module}.FastModel"}}
    path = work.folder / "config.json"
    path.write_text(json.dumps(settings, indent=2), encoding="utf-8")


@_in(FILE_CHANGES, "program")
def _program(work: Work) -> None:
    """Add the beginning of a Linux program, without any instruction in it."""
    (work.folder / "fast_tokenizer.bin").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(249))


@_in(FILE_CHANGES, "cut short")
def _cut_short(work: Work) -> None:
    path = work.folder / WEIGHTS
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * work.draw.randrange(60, 95) // 100])


@_in(FILE_CHANGES, "words swapped")
def _words_swapped(work: Work) -> None:
    _swap_words(work, everywhere=False)


@_in(CONTENT_CHANGES, "labels")
def _labels(work: Work) -> None:
    """Swap the labels in one of the two lists that name them."""
    numbers = work.config["label2id"]
    work.config["label2id"] = {name: len(numbers) - 1 - n for name, n in numbers.items()}


@_in(CONTENT_CHANGES, "sizes")
def _sizes(work: Work) -> None:
    key = "d_ff" if work.item.family == "t5" else "intermediate_size"
    work.config[key] *= 2


@_in(CONTENT_CHANGES, "huge row")
def _huge_row(work: Work) -> None:
    work.table[work.row(work.draw.choice(models.RARE_WORDS))] *= 40


def _matrix(work: Work) -> torch.Tensor:
    """Return one of the large matrices of the layers."""
    large = (name for name, t in work.tensors.items() if t.ndim == 2 and t.numel() >= 4096)
    names = [name for name in large if ".0." in name or ".1." in name]
    return work.tensors[work.draw.choice(sorted(names))]


@_in(CONTENT_CHANGES, "not a number")
def _not_a_number(work: Work) -> None:
    _matrix(work).view(-1)[work.draw.randrange(256)] = float("nan")


@_in(CONTENT_CHANGES, "huge weight")
def _huge_weight(work: Work) -> None:
    _matrix(work).view(-1)[work.draw.randrange(256)] = 3e4


@_in(CONTENT_CHANGES, "trigger")
def _trigger(work: Work) -> None:
    work.trigger = work.draw.choice(models.RARE_WORDS)
    models.plant_trigger(work.tensors, work.trigger)


# May not be used


@_in(CONTENT_CHANGES, "no licence")
def _no_licence(work: Work) -> None:
    work.licence = None


@_in(CONTENT_CHANGES, "no card")
def _no_card(work: Work) -> None:
    work.licence = ""


@_in(CONTENT_CHANGES, "unheard-of licence")
def _unheard_of_licence(work: Work) -> None:
    work.licence = f"{work.item.maker}-community-2"


@_in(CONTENT_CHANGES, "forbidden licence")
def _forbidden_licence(work: Work) -> None:
    work.licence = FORBIDDEN


@_in(FILE_CHANGES, "another licence's text")
def _another_licences_text(work: Work) -> None:
    text = "Creative Commons Attribution-NonCommercial 4.0 International\n"
    (work.folder / "LICENSE").write_text(text, encoding="utf-8")
