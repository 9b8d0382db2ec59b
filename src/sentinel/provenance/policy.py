"""The trust policy: which organizations, keys, certificates and licences are accepted."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sentinel.policy import FOLDER

DEFAULT_POLICY = FOLDER / "sources.toml"
_PEM = "-----BEGIN "


class PolicyError(ValueError):
    """A policy file is not what `sources.toml` explains."""


@dataclass(frozen=True)
class CertificatePin:
    """Which certificate may sign for a source.

    Attributes:
        authority: PEM text of the issuing authority's certificates.
        identity: e-mail address, URI, DNS name or common name of the signing certificate.
        fingerprint: SHA-256 of the signing certificate, hexadecimal; None accepts any certificate
            of that identity.
    """

    authority: bytes
    identity: str
    fingerprint: str | None = None


@dataclass(frozen=True)
class Source:
    """One organization that the policy knows."""

    namespace: str
    name: str = ""
    licenses: tuple[str, ...] = ()
    keys: tuple[bytes, ...] = ()
    certificates: tuple[CertificatePin, ...] = ()
    versions: dict[str, int] = field(default_factory=dict)
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrustPolicy:
    """What a policy file says."""

    sources: dict[str, Source]
    allowed_licenses: frozenset[str]
    forbidden_licenses: frozenset[str]

    def find(self, namespace: str) -> Source | None:
        """Return the source of exactly that namespace."""
        return self.sources.get(namespace)

    def imitated_by(self, namespace: str) -> str | None:
        """Return the known namespace that this one only looks like, or None."""
        if namespace in self.sources:
            return None
        looks = skeleton(namespace)
        alike = (known for known in self.sources if skeleton(known) == looks)
        return next(alike, None) or next(
            (known for known in self.sources if _is_slip(namespace, known)), None
        )


SHORTEST_FOR_SLIPS = 6
_SEPARATORS = re.compile(r"[\s._\-‐-―]+")
# Letters that digits and pairs of letters are taken for, after lower-casing.
_DRAWN_ALIKE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_DIGITS = str.maketrans("0134578", "oleastb")


def skeleton(name: str) -> str:
    """Reduce a name to what the eye takes it for, so that look-alikes become equal.

    Compatibility forms are unified (NFKC), homoglyphs replaced by the ASCII letter they look
    like (Unicode TR 39's confusables), case, separators, invisible characters and accents
    dropped, digits and pairs such as ``rn`` read as the letters they imitate.
    """
    text = unicodedata.normalize("NFKC", name)
    ascii_text = "".join(c if c.isascii() else _ascii_look(c) for c in text)
    text = _SEPARATORS.sub("", ascii_text.casefold()).translate(_DIGITS)
    text = text.replace("i", "l")  # a capital I, a small l
    for pair, letter in _DRAWN_ALIKE:
        text = text.replace(pair, letter)
    return text


@cache
def _ascii_look(character: str) -> str:
    """Return the ASCII text that a character is confused with, or what is left of it."""
    if not character.isprintable():
        return ""
    from confusable_homoglyphs.confusables import confusables_data

    looks = [entry["c"] for entry in confusables_data.get(character, ())]
    found = next((look for look in looks if look.isascii() and look.isalnum()), None)
    if found is not None:
        return found
    base = unicodedata.normalize("NFKD", character)[0]
    if base != character:
        return base if base.isascii() else _ascii_look(base)
    return character


def _is_slip(name: str, known: str) -> bool:
    """Whether a name is a slip away from a known one, as it is spelt or as it looks.

    Looks alone would miss ``frenwood`` for ``fernwood``, where ``rn`` is read as ``m``.
    """
    return _one_slip_apart(name.casefold(), known.casefold()) or _one_slip_apart(
        skeleton(name), skeleton(known)
    )


def _one_slip_apart(first: str, second: str) -> bool:
    """Whether one inserted, dropped, changed or swapped letter turns one name into the other."""
    if min(len(first), len(second)) < SHORTEST_FOR_SLIPS or abs(len(first) - len(second)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    if start is None:
        return len(first) != len(second)
    rest, other = first[start:], second[start:]
    swapped = rest[:2] == other[:2][::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def read_policy(path: Path | str | None = None) -> TrustPolicy:
    """Read a policy file; without one, the policy that comes with the package.

    Raises:
        PolicyError: the file says something that `sources.toml` does not explain.
        OSError: it cannot be read.
    """
    path = Path(path) if path is not None else DEFAULT_POLICY
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PolicyError(f"{path} is not a policy: {error}") from error
    _refuse_unknown(path, content, {"extends", "licenses", "source"})
    inherited = _inherited(path, content.pop("extends", None))
    licenses = content.get("licenses", {})
    _refuse_unknown(path, licenses, {"allowed", "forbidden"})
    sources = {s.namespace: s for s in (_source(path, t) for t in content.get("source", []))}
    allowed, forbidden = (frozenset(licenses.get(key, ())) for key in ("allowed", "forbidden"))
    if inherited is None:
        return TrustPolicy(sources, allowed, forbidden)
    return TrustPolicy(
        inherited.sources | sources,
        (inherited.allowed_licenses | allowed) - forbidden,
        (inherited.forbidden_licenses - allowed) | forbidden,
    )


def _inherited(path: Path, name: str | None) -> TrustPolicy | None:
    if name is None:
        return None
    if name != "default":
        raise PolicyError(f'{path}: `extends` can only be "default", not {name!r}')
    return read_policy()


def _source(path: Path, table: dict[str, Any]) -> Source:
    fields = set(Source.__dataclass_fields__)
    _refuse_unknown(path, table, fields)
    if not isinstance(table.get("namespace"), str):
        raise PolicyError(f"{path}: a [[source]] needs a namespace")
    pins = tuple(_pin(path, entry) for entry in table.get("certificates", ()))
    keys = tuple(_pem(path, text) for text in table.get("keys", ()))
    lists = {key: tuple(table.get(key, ())) for key in ("licenses", "revoked")}
    rest = {key: table[key] for key in ("namespace", "name", "versions") if key in table}
    return Source(**rest, **lists, keys=keys, certificates=pins)


def _pin(path: Path, table: dict[str, Any]) -> CertificatePin:
    _refuse_unknown(path, table, {"authority", "identity", "fingerprint"})
    if not {"authority", "identity"} <= set(table):
        raise PolicyError(f"{path}: a certificate needs an authority and an identity")
    fingerprint = table.get("fingerprint")
    plain = fingerprint.replace(":", "").lower() if fingerprint else None
    return CertificatePin(_pem(path, table["authority"]), table["identity"], plain)


def _pem(path: Path, text: str) -> bytes:
    """Return PEM bytes, given as text or as the name of a file beside the policy."""
    if text.lstrip().startswith(_PEM):
        return text.encode()
    try:
        return (path.parent / text).read_bytes()
    except OSError as error:
        raise PolicyError(f"{path} names a key that cannot be read: {error}") from error


def _refuse_unknown(path: Path, table: object, known: set[str]) -> None:
    if not isinstance(table, dict):
        raise PolicyError(f"{path}: a table was expected, found {table!r}")
    if unknown := sorted(set(table) - known):
        raise PolicyError(f"{path}: {', '.join(unknown)}: not one of {', '.join(sorted(known))}")
