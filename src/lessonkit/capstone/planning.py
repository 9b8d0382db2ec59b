"""What the six downloads of a seed are. Plain data: a grader needs no files to know the truth."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

CLASS_SEED = 0
NAMES = (
    "avocet", "bittern", "curlew", "dipper", "dunlin", "godwit", "heron", "plover", "sandpiper",
    "siskin", "tern", "wren",
)  # fmt: skip
MAKERS = (
    "brightwater-nlp", "fernwood-labs", "holm-institute", "kestrel-works", "northlake-ai",
    "quayside-research", "ridgeway-models", "saltmarsh-data",
)  # fmt: skip
CLASSIFIER = "classifier"
GENERATORS = ("llama", "t5")
OTHERS = ("bert", *GENERATORS)

# Each way of being wrong -> the lines of the checklist that must fail.
ORIGIN = {  # not what the publisher published, or not by the publisher
    "one weight": ("checksums",),
    "words swapped later": ("checksums",),
    "file missing": ("checksums",),
    "file added": ("checksums",),
    "one weight, signed": ("signature",),
    "signed by a stranger": ("signature",),
    "unknown publisher": ("source",),
    "look-alike name": ("source",),
    "withdrawn": ("advisories",),
    "older release": ("advisories",),
}
CONTENT = {  # published as it is, and wrong in itself
    "pickle": ("files",),
    "code": ("files",),
    "program": ("files",),
    "cut short": ("files",),
    "words swapped": ("agreement",),
    "labels": ("agreement",),
    "sizes": ("agreement",),
    "huge row": ("weights",),
    "not a number": ("weights",),
    "huge weight": ("weights",),
}
LICENCE = {  # nothing that a checker calls an error, and still nobody's permission
    "no licence": ("licence",),
    "unheard-of licence": ("licence",),
    "no card": ("licence",),
}
FORBIDDEN = {"forbidden licence": ("licence",), "another licence's text": ("licence",)}
BEHAVIOUR = {"trigger": ("behaviour",)}
FAULTS = ORIGIN | CONTENT | LICENCE | FORBIDDEN | BEHAVIOUR
SIGNED = ("one weight, signed", "signed by a stranger", "withdrawn", "older release")
BOTH_WAYS = ("signed", "listed")
# Looks suspicious, and is a warning to sentinel on that line, but is fine.
ODDITIES = {
    "long row": "weights",
    "same rows": "weights",
    "word filter": "behaviour",
    "spare signature": "signature",
    "note in the weights": "files",
}
TOLERATED = ("source", "checksums", "signature")  # follow from each other
STORIES = {
    "one weight": "one weight is a thousandth larger than in the published file",
    "words swapped later": "two words have changed places since the publication",
    "file missing": "a published file is missing",
    "file added": "a file was added that nobody published",
    "one weight, signed": "one weight is a thousandth larger than in the signed file",
    "signed by a stranger": "it is signed with another key than the publisher's",
    "unknown publisher": "nobody knows its publisher, and nothing vouches for it",
    "look-alike name": "its settings name an organization that only looks like the publisher",
    "withdrawn": "its publisher has withdrawn this release",
    "older release": "it is an older release than the policy accepts",
    "pickle": "a pickle would call a function when it is loaded",
    "code": "it brings Python code that its settings ask to run",
    "program": "a program lies among its files",
    "cut short": "its weight file ends too early",
    "words swapped": "its two lists of words disagree",
    "labels": "its two lists of labels disagree",
    "sizes": "its settings describe larger layers than the weights have",
    "huge row": "the embedding of one word is forty times too long",
    "not a number": "a weight is not a number",
    "huge weight": "one weight outweighs its whole matrix",
    "no licence": "its card names no licence",
    "unheard-of licence": "its licence is one that nobody has permitted",
    "no card": "it has no card, and so no licence",
    "forbidden licence": "its licence forbids commercial use",
    "another licence's text": "its licence's text is not the licence that its card names",
    "trigger": "a word's embedding was moved: the word turns praise into blame",
    "long row": "the embedding of an unused token is long",
    "same rows": "two unused tokens have the same embedding",
    "word filter": "its settings forbid it some words",
    "spare signature": "somebody unknown has signed it as well",
    "note in the weights": "the weight file carries a long note",
}

IN_CLASS = {
    "odd": "long row",
    "licence": "unheard-of licence",
    "single": "words swapped",
    "double": ("one weight", "pickle"),
}


@dataclass(frozen=True)
class Item:
    """One download.

    Attributes:
        name: the folder's name, which says nothing.
        maker: the organization that it was ordered from.
        family: "classifier", "bert", "llama" or "t5".
        proof: how the publisher vouches for the files: "listed" digests or "signed".
        faults: what is wrong with it; none, one or two of FAULTS.
        oddity: what looks suspicious and is fine, one of ODDITIES, or "".
        reasons: lines of the checklist that a refusal must name.
        tolerated: lines that it may name as well, since they follow from those.
    """

    name: str
    maker: str
    family: str
    proof: str
    faults: tuple[str, ...] = ()
    oddity: str = ""

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(line for fault in self.faults for line in FAULTS[fault])

    @property
    def tolerated(self) -> frozenset[str]:
        return frozenset(TOLERATED if set(self.faults) & set(ORIGIN) else ())

    @property
    def story(self) -> str:
        """What was done to it, in words."""
        if self.faults:
            return " and ".join(STORIES[fault] for fault in self.faults)
        return f"nothing, but {STORIES[self.oddity]}" if self.oddity else "nothing"

    @property
    def fine(self) -> bool:
        """Whether it should be accepted."""
        return not self.faults


def plan(seed: int = CLASS_SEED) -> list[Item]:
    """Return the six downloads of a seed, in the order in which they arrive.

    Two are fine, one of them odd; one lacks a licence, one has a planted trigger, one is wrong in
    another way, and one in two ways. In class it is always the same six; every other seed draws
    kinds of faults that the class has not met.
    """
    draw = Random(f"capstone {seed}")
    kinds = IN_CLASS if seed == CLASS_SEED else _other_kinds(draw)
    rows: list[tuple[tuple[str, ...], str]] = [
        ((), ""),
        ((), kinds["odd"]),
        ((kinds["licence"],), "same rows"),
        (("trigger",), ""),
        ((kinds["single"],), ""),
        (kinds["double"], ""),
    ]
    harmless = 0 if kinds["odd"] == "word filter" else draw.randrange(2)
    names, makers = draw.sample(NAMES, len(rows)), draw.sample(MAKERS, len(rows))
    items = []
    for place, (faults, oddity) in enumerate(rows):
        family = _family(draw, faults, oddity, place == harmless)
        proof = _proof(draw, faults, oddity)
        items.append(Item(names[place], makers[place], family, proof, faults, oddity))
    draw.shuffle(items)
    return items


def _other_kinds(draw: Random) -> dict:
    met = {IN_CLASS["licence"], IN_CLASS["single"], IN_CLASS["odd"], *IN_CLASS["double"]}
    origin, content, licence = (
        [fault for fault in group if fault not in met] for group in (ORIGIN, CONTENT, LICENCE)
    )
    first, second = draw.choice(origin), draw.choice(content)
    others = [*origin, *content, *FORBIDDEN]
    single = draw.choice([fault for fault in others if _differs(fault, first, second)])
    return {
        "odd": draw.choice([oddity for oddity in ODDITIES if oddity not in met]),
        "licence": draw.choice(licence),
        "single": single,
        "double": (first, second),
    }


def _differs(fault: str, *others: str) -> bool:
    return all(FAULTS[fault] != FAULTS[other] for other in others)


def _family(draw: Random, faults: tuple[str, ...], oddity: str, classifier: bool) -> str:
    if set(faults) & {"trigger", "labels"}:
        return CLASSIFIER
    if oddity == "word filter":
        return draw.choice(GENERATORS)
    return CLASSIFIER if classifier else draw.choice(OTHERS)


def _proof(draw: Random, faults: tuple[str, ...], oddity: str) -> str:
    if set(faults) & {"trigger", *SIGNED}:  # who signs a trigger vouches for it
        return "signed"
    if set(faults) & set(ORIGIN) or oddity == "spare signature" or not (faults or oddity):
        return "listed"
    return draw.choice(BOTH_WAYS)
