"""What the model says of itself: licence, base model and names, in its card and configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sentinel.containers.json_file import read_json
from sentinel.containers.malformed import Malformed
from sentinel.findings import Findings
from sentinel.provenance.policy import Source, TrustPolicy

CARD = "README.md"
CARD_LIMIT = 1 << 20
FRONT_LIMIT = 1 << 16  # bytes of YAML
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
LICENSE_NAMES = re.compile(r"(licen[cs]e|copying|unlicense)([._-].*)?", re.IGNORECASE)
# Words near the beginning of a licence's text, and the identifiers that they may stand for.
LICENSE_TEXTS = (
    ("Apache License", ("apache-2.0",)),
    ("MIT License", ("mit",)),
    ("Permission is hereby granted, free of charge", ("mit", "isc", "ncsa")),
    ("GNU AFFERO GENERAL PUBLIC LICENSE", ("agpl-3.0",)),
    ("GNU LESSER GENERAL PUBLIC LICENSE", ("lgpl", "lgpl-2.1", "lgpl-3.0")),
    ("GNU GENERAL PUBLIC LICENSE", ("gpl", "gpl-2.0", "gpl-3.0")),
    ("LLAMA 2 COMMUNITY LICENSE", ("llama2",)),
    ("Gemma Terms of Use", ("gemma",)),
    ("NonCommercial-NoDerivatives", ("cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0")),
    ("NonCommercial-ShareAlike", ("cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0")),
    ("Attribution-NonCommercial", ("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0")),
    ("Attribution-ShareAlike", ("cc-by-sa-3.0", "cc-by-sa-4.0")),
    ("Attribution 4.0 International", ("cc-by-4.0",)),
)


@dataclass
class Claims:
    """What a model says of itself; nobody vouches for it.

    Attributes:
        licenses: identifiers from the card, lower case.
        base_models: repositories that it says it was made from.
        names: file -> repository that the file says this model is, or came from.
    """

    licenses: list[str] = field(default_factory=list)
    base_models: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def read_claims(folder: Path, findings: Findings) -> Claims:
    """Collect a model's claims; files that cannot be read are reported elsewhere or here."""
    card = _front_matter(folder, findings)
    claims = Claims(
        licenses=[text.lower() for text in _texts(card.get("license"))],
        base_models=_texts(card.get("base_model")),
    )
    for file, key in (
        ("config.json", "_name_or_path"),
        ("adapter_config.json", "base_model_name_or_path"),
        ("tokenizer_config.json", "name_or_path"),
    ):
        value = _field(folder / file, key)
        if isinstance(value, str) and _REPOSITORY.fullmatch(value):
            claims.names[file] = value
    return claims


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _field(path: Path, key: str) -> object:
    if not path.is_file():
        return None
    try:
        content = read_json(path)
    except (Malformed, OSError):
        return None  # reported where the file's content is checked
    return content.get(key) if isinstance(content, dict) else None


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, which can make a few lines expand to gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def _front_matter(folder: Path, findings: Findings) -> dict[str, Any]:
    """Return the YAML between the card's first two lines of dashes."""
    path = folder / CARD
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(CARD_LIMIT)
        parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
        if len(parts) < 3 or parts[0].strip("\ufeff \n") or len(parts[1]) > FRONT_LIMIT:
            return {}
        front = yaml.load(parts[1], Loader=_PlainLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        findings.warn("Model card unreadable", CARD, "YAML between two lines of ---", str(error))
        return {}
    return front if isinstance(front, dict) else {}


def check_license(
    folder: Path, claims: Claims, policy: TrustPolicy, source: Source | None
) -> Findings:
    """Check that a licence is named, allowed, and the one whose text lies in the folder."""
    findings = Findings()
    if not claims.licenses:
        findings.note("No licence", CARD, "a licence in the model card", "none")
    allowed = policy.allowed_licenses | set(source.licenses if source else ())
    for license_id in claims.licenses:
        if license_id in allowed:
            findings.confirm(f"licence {license_id} is allowed", CARD)
        elif license_id in policy.forbidden_licenses:
            findings.error(
                "Licence not allowed", CARD, "a licence that the policy allows", license_id
            )
        else:
            findings.warn("Unknown licence", CARD, "a licence that the policy knows", license_id)
    for name, meanings in _license_texts(folder):
        forbidden = [kind for kind in meanings if kind in policy.forbidden_licenses]
        if claims.licenses and not set(meanings) & set(claims.licenses):
            findings.error("Licence mismatch", name, ", ".join(claims.licenses), meanings[0])
        elif not claims.licenses and forbidden:
            findings.error("Licence not allowed", name, "an allowed licence", forbidden[-1])
    return findings


def _license_texts(folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return the names of licence files, with the identifiers their first words stand for."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and LICENSE_NAMES.fullmatch(path.name):
            with path.open(encoding="utf-8", errors="replace") as file:
                beginning = " ".join(file.read(4000).split()).lower()
            kinds = (ids for words, ids in LICENSE_TEXTS if words.lower() in beginning)
            if (meanings := next(kinds, None)) is not None:
                found.append((path.name, meanings))
    return found


def check_names(claims: Claims, repository: str | None, policy: TrustPolicy) -> Findings:
    """Name claimed organizations that only look like a known one.

    Args:
        claims: what the model says of itself.
        repository: where the hub's cache says it came from.
        policy: the organizations that are known.
    """
    findings = Findings()
    claimed = [(CARD, name) for name in claims.base_models] + list(claims.names.items())
    for file, name in [*claimed, ("", repository or "")]:
        namespace = name.split("/")[0] if "/" in name else ""
        imitated = policy.imitated_by(namespace) if namespace else None
        if imitated is not None:
            findings.error("Look-alike source", file, imitated, namespace)
    bases = {name for file, name in claims.names.items() if file == "adapter_config.json"}
    if bases and claims.base_models and not bases & set(claims.base_models):
        expected, found = ", ".join(claims.base_models), ", ".join(bases)
        findings.error("Base model mismatch", "adapter_config.json", expected, found)
    return findings
