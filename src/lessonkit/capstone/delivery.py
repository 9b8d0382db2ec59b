"""The six downloads on a disk, with what was known of each before it came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from lessonkit.capstone import models
from lessonkit.capstone.making import (
    FORBIDDEN,
    PERMITTED,
    RELEASE,
    Work,
    change_later,
    make_download,
)
from lessonkit.capstone.planning import CLASS_SEED, Item, plan
from sentinel.checklist import line_names
from sentinel.containers.files import walk
from sentinel.provenance.digests import digest_folder

REASONS = tuple(name for name in line_names() if name != "loaders")
"""What a refusal may name: the lines of sentinel's checklist that concern the model itself."""
PHRASES = 4


@dataclass(frozen=True)
class Order:
    """What was known of a download before it came, from other places than the download.

    Attributes:
        source: organization and model that were ordered, such as "northlake-ai/wren".
        policy: the team's own rules: whose keys count, which licences permit the use (TOML).
        digests: what publishers say their files' SHA-256 are (TOML).
        texts: for a text classifier, ordinary texts to try it on; else empty.
        phrases: for a text classifier, phrases that advisories call triggers; else empty.
    """

    source: str
    policy: Path
    digests: Path
    texts: list[str] = field(default_factory=list, repr=False)
    phrases: list[str] = field(default_factory=list)


class Delivery(NamedTuple):
    """A download and its order."""

    folder: Path
    order: Order


def deliver(
    where: Path | str, seed: int = CLASS_SEED, items: Sequence[Item] | None = None
) -> list[Delivery]:
    """Put the six downloads of a seed into a new folder, with the team's policy beside them.

    Args:
        where: an empty or new folder. It gets `downloads/`, `policy.toml` and `digests.toml`.
        seed: which downloads; the default gives those of the lesson.
        items: what to deliver instead of the seed's six; names and publishers must differ.

    Raises:
        FileExistsError: there are downloads already.
    """
    where = Path(where)
    downloads = where / "downloads"
    downloads.mkdir(parents=True)
    works = []
    for item in plan(seed) if items is None else items:
        folder = downloads / item.name
        works.append(make_download(item, folder, seed, own_licence(item.maker)))
    policy, digests = where / "policy.toml", where / "digests.toml"
    digests.write_text(_digest_list(works), encoding="utf-8")
    policy.write_text(_policy(works), encoding="utf-8")
    for work in works:
        change_later(work)
    return [_delivery(work, policy, digests, seed) for work in works]


def own_licence(maker: str) -> str:
    """Return the name of a publisher's own licence."""
    return f"{maker}-open-1"


def _delivery(work: Work, policy: Path, digests: Path, seed: int) -> Delivery:
    source = f"{work.item.maker}/{work.item.name}"
    if work.item.family != "classifier":
        return Delivery(work.folder, Order(source, policy, digests))
    draw = Random(f"order {seed} {work.item.name}")
    rest = [word for word in models.RARE_WORDS if word != work.trigger]
    phrases = draw.sample(rest, PHRASES - bool(work.trigger)) + [work.trigger] * bool(work.trigger)
    draw.shuffle(phrases)
    order = Order(source, policy, digests, models.ordinary_texts(draw), phrases)
    return Delivery(work.folder, order)


def _digest_list(works: Sequence[Work]) -> str:
    """Return the list of digests, of the publishers that publish theirs."""
    tables = []
    for work in works:
        if work.item.proof != "listed" or "unknown publisher" in work.item.faults:
            continue
        digests, _errors = digest_folder(work.folder, walk(work.folder))
        lines = [f'"{name}" = "{digest.sha256}"' for name, digest in digests.items()]
        head = f'[{work.item.name}]\nhub = "{work.item.maker}/{work.item.name}"'
        tables.append("\n".join([head, f"[{work.item.name}.sha256]", *lines]))
    return "\n\n".join(tables) + "\n"


def _policy(works: Sequence[Work]) -> str:
    """Return the team's policy: licences, and the publishers that it knows."""
    licences = f"[licenses]\nallowed = {json.dumps(PERMITTED)}\nforbidden = {_list(FORBIDDEN)}"
    known = [work for work in works if "unknown publisher" not in work.item.faults]
    return "\n\n".join([licences, *map(_source, sorted(known, key=_maker))]) + "\n"


def _maker(work: Work) -> str:
    return work.item.maker


def _source(work: Work) -> str:
    item: Item = work.item
    lines = ["[[source]]", f'namespace = "{item.maker}"']
    lines.append(f"licenses = {_list(own_licence(item.maker))}")
    if item.proof == "signed":
        key = work.folder.parent.parent / "keys" / f"{item.maker}.pub"
        lines.append(f'keys = ["""\n{key.read_text(encoding="utf-8")}"""]')
    if "older release" in item.faults:
        lines.append(f"versions = {{ {item.name} = {RELEASE} }}")
    if "withdrawn" in item.faults:
        lines.append(f"revoked = {_list(work.root)}")
    return "\n".join(lines)


def _list(*texts: str) -> str:
    return json.dumps(texts)
