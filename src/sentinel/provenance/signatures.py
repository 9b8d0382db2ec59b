"""Signatures in the OpenSSF model-signing format: made with `model-signing`, checked strictly.

The library signs, and verifies what we sign. Its own verification is not used: it would hash
every file again, and it accepts any leaf of an authority, expired certificates, and files added
where it does not look. Here the very bytes that are verified are the ones that are read, only
keys and certificates that a source's policy pins may sign, every unsigned file is an issue, and
a release older than the policy accepts is refused.
Format: https://github.com/ossf/model-signing-spec, envelope: https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sentinel.containers.json_file import read_json
from sentinel.containers.malformed import Malformed
from sentinel.findings import Findings
from sentinel.provenance.certificates import check_certificates, identities, issued_by
from sentinel.provenance.digests import FileDigest
from sentinel.provenance.policy import Source
from sentinel.provenance.releases import check_release

SIGNATURE_NAMES = ("model.sig", "model_signing.sig")
LIMIT = 64 << 20
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
_SHARD = re.compile(r":\d+:\d+$")
HASHES = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}  # by key size, in bits


@dataclass(frozen=True)
class SignedModel:
    """What a signature says of a model; true only once the signature is verified.

    Attributes:
        name: the model's name.
        root: SHA-256 over all digests, which names this release.
        serialization: how the files were hashed, in the library's terms.
        digests: path (with ``:start:end`` for shards) -> (algorithm, hexadecimal digest).
    """

    name: str
    root: str
    serialization: dict[str, Any]
    digests: dict[str, tuple[str, str]]

    @property
    def whole_files(self) -> bool:
        """Whether each digest is the SHA-256 of a whole file."""
        kinds = {algorithm for algorithm, _ in self.digests.values()}
        return self.serialization.get("method") == "files" and kinds <= {"sha256"}


@dataclass(frozen=True)
class Bundle:
    """A signature file, taken apart; nothing in it is verified yet.

    Attributes:
        file: its name.
        payload: the signed bytes.
        signature: over the payload.
        signed: what the payload says.
        key_hint: SHA-256 of the signer's public key in PEM form, if a key signed.
        chain: the signing certificate and those that issued it, if a certificate signed.
        keyless: signed through Sigstore's service.
    """

    file: str
    payload: bytes
    signature: bytes
    signed: SignedModel
    key_hint: str | None
    chain: list[x509.Certificate]
    keyless: bool


@dataclass(frozen=True)
class SignatureResult:
    """What was found, and the trusted signer's name; None if no trusted signer's fits."""

    findings: Findings
    signer: str | None


def find_signature(folder: Path) -> Path | None:
    """Return the signature file in a model's folder, or beside it as ``<folder>.sig``."""
    inside = [folder / name for name in SIGNATURE_NAMES]
    candidates = [*inside, folder.parent / f"{folder.name}.sig"]
    return next((path for path in candidates if path.is_file()), None)


def read_bundle(path: Path) -> Bundle:
    """Take a signature file apart.

    Raises:
        Malformed: it is not a model signature.
        OSError: it cannot be read.
    """
    content = read_json(path, limit=LIMIT)
    try:
        return _bundle(path.name, content)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Malformed(f"not a model signature ({type(error).__name__}: {error})") from error


def _bundle(file: str, content: dict[str, Any]) -> Bundle:
    material, envelope = content["verificationMaterial"], content["dsseEnvelope"]
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise ValueError(f"payload type {envelope['payloadType']!r}")
    (signature,) = envelope["signatures"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    certificates = material.get("x509CertificateChain", {}).get("certificates", [])
    raw = [base64.b64decode(entry["rawBytes"], validate=True) for entry in certificates]
    return Bundle(
        file=file,
        payload=payload,
        signature=base64.b64decode(signature["sig"], validate=True),
        signed=_signed_model(json.loads(payload)),
        key_hint=material.get("publicKey", {}).get("hint"),
        chain=[x509.load_der_x509_certificate(der) for der in raw],
        keyless="certificate" in material,
    )


def _signed_model(statement: dict[str, Any]) -> SignedModel:
    kinds = (statement["_type"], statement["predicateType"])
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise ValueError(f"statement of type {kinds[0]!r}, predicate {kinds[1]!r}")
    (subject,), predicate = statement["subject"], statement["predicate"]
    root, digests = hashlib.sha256(), {}
    for item in predicate["resources"]:
        root.update(bytes.fromhex(item["digest"]))
        digests[str(item["name"])] = (str(item["algorithm"]), str(item["digest"]).lower())
    if root.hexdigest() != subject["digest"]["sha256"]:
        raise ValueError("its digests do not add up to its root digest")
    serialization = dict(predicate["serialization"])
    return SignedModel(str(subject["name"]), root.hexdigest(), serialization, digests)


def check_signature(
    folder: Path,
    bundle: Bundle,
    source: Source | None,
    digests: dict[str, FileDigest],
    now: datetime | None = None,
) -> SignatureResult:
    """Check who signed, whether the signature fits, and whether the files are the signed ones.

    Args:
        folder: the model's folder.
        bundle: its signature.
        source: whose keys and certificates may sign. None knows no signer: then the files are
            only compared with what a stranger listed.
        digests: of all files in the folder, by path.
        now: the moment at which certificates must be valid; default is the present.
    """
    findings = Findings()
    signer = _check_signer(findings, bundle, source, now)
    _compare(findings, folder, bundle, digests)
    if source is not None:
        check_release(findings, folder, bundle.signed.name, bundle.signed.root, source)
    if source is not None and signer is not None and not findings.errors:
        findings.confirm(f"signed by {source.namespace}", bundle.file, signer)
    return SignatureResult(findings, signer)


def _check_signer(
    findings: Findings, bundle: Bundle, source: Source | None, now: datetime | None
) -> str | None:
    """Return the trusted signer's name, or report what is wrong and return None."""
    if bundle.keyless:
        found = "a keyless Sigstore signature, which cannot be checked offline"
        _report_stranger(findings, bundle, source, found)
        return None
    check = _check_certificate_signer if bundle.chain else _check_key_signer
    return check(findings, bundle, source, now)


def _check_key_signer(
    findings: Findings, bundle: Bundle, source: Source | None, _now: datetime | None
) -> str | None:
    keys = [load_public_key(pem) for pem in (source.keys if source else ())]
    trusted = [key for key in keys if bundle.key_hint in (None, key_hint(key))]
    if not trusted:
        _report_stranger(findings, bundle, source, f"key {bundle.key_hint or 'without a name'}")
        return None
    signer = next((key for key in trusted if _fits(bundle, key)), None)
    if signer is None:
        _report_mismatch(findings, bundle)
        return None
    return f"key {key_hint(signer)[:16]}"


def _check_certificate_signer(
    findings: Findings, bundle: Bundle, source: Source | None, now: datetime | None
) -> str | None:
    name = ", ".join(identities(bundle.chain[0])) or "a certificate without a name"
    pins = source.certificates if source else ()
    issuers = [pin for pin in pins if issued_by(bundle.chain, pin)]
    if not issuers:
        _report_stranger(findings, bundle, source, name)
        return None
    key = bundle.chain[0].public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not _fits(bundle, key):
        _report_mismatch(findings, bundle)
        return None
    results = [check_certificates(bundle.chain, pin, now) for pin in issuers]
    best = min(results, key=lambda result: len(result.errors))
    findings.extend(best)
    return None if best.errors else name


def _report_mismatch(findings: Findings, bundle: Bundle) -> None:
    expected = "a signature over this list of digests"
    findings.error("Signature mismatch", bundle.file, expected, "one that does not fit it")


def _report_stranger(findings: Findings, bundle: Bundle, source: Source | None, found: str) -> None:
    """Refuse a stranger's signature where the source's own signer is known, else mention it."""
    known = source is not None and bool(source.keys or source.certificates)
    report = findings.error if known else findings.warn
    expected = f"a signer of {source.namespace}" if source else "a trusted signer"
    report("Unknown signer", bundle.file, expected, found)


def load_public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key on one of the curves P-256, P-384 and P-521.

    Raises:
        ValueError: it is another kind of key, or none.
    """
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size not in HASHES:
        raise ValueError("a signer's key must lie on the curve P-256, P-384 or P-521")
    return key


def key_hint(key: ec.EllipticCurvePublicKey) -> str:
    """Return the name that a signature gives its key: SHA-256 of the key's PEM form."""
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(pem).hexdigest()


def _fits(bundle: Bundle, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether the key made the signature over the payload's DSSE encoding (PAE)."""
    kind = PAYLOAD_TYPE.encode()
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(bundle.payload), bundle.payload)
    if key.curve.key_size not in HASHES:
        return False
    try:
        key.verify(bundle.signature, message, ec.ECDSA(HASHES[key.curve.key_size]()))
    except InvalidSignature:
        return False
    return True


def _compare(
    findings: Findings, folder: Path, bundle: Bundle, digests: dict[str, FileDigest]
) -> None:
    """Compare the files with the signed list: changed, missing, added."""
    signed = {name: digest for name, (_, digest) in bundle.signed.digests.items()}
    digests = {name: digest for name, digest in digests.items() if name != bundle.file}
    if bundle.signed.whole_files:
        found = {name: digest.sha256 for name, digest in digests.items()}
    else:
        found = _hash_as_signed(folder, bundle.signed, digests)
    before = len(findings.errors)
    for name, digest in signed.items():
        if found.get(name) != digest:
            changed = _file(name) in digests
            issue = "Signature mismatch" if changed else "Missing file"
            findings.error(issue, name, digest, found.get(name, "nothing"))
    for name in sorted(set(digests) - {_file(name) for name in signed}):
        _report_unsigned(findings, name)
    if len(findings.errors) == before:
        findings.confirm(f"{len(signed)} signed digests match", bundle.file)


def _file(identifier: str) -> str:
    """Return the file that a signed digest belongs to; one of a shard ends in ``:start:end``."""
    return _SHARD.sub("", identifier)


def _hash_as_signed(
    folder: Path, signed: SignedModel, digests: dict[str, FileDigest]
) -> dict[str, str]:
    """Hash files again, in shards or with another algorithm, as the signer did."""
    from model_signing.hashing import Config

    config = Config()
    options = {key: signed.serialization[key] for key in ("allow_symlinks",)}
    kind = signed.serialization["hash_type"]
    if signed.serialization["method"] == "shards":
        size = int(signed.serialization["shard_size"])
        config.use_shard_serialization(hashing_algorithm=kind, shard_size=size, **options)
    else:
        config.use_file_serialization(hashing_algorithm=kind, **options)
    files = [folder / name for name in digests]
    manifest = config.set_ignored_paths(paths=(), ignore_git_paths=False).hash(
        folder, files_to_hash=files
    )
    return {item.identifier: item.digest.digest_hex for item in manifest.resource_descriptors()}


GIT_FILES = (".gitattributes", ".gitignore")


def _report_unsigned(findings: Findings, name: str) -> None:
    """Report a file that the signer did not list.

    `model-signing` never signs what belongs to git. Git's two small files are no issue; anything
    else that lies where the library does not look is one.
    """
    if name in GIT_FILES:
        findings.note("Unsigned file", name, "a signed file", "git's own, which is never signed")
    else:
        findings.error("Unsigned file", name, "no file that the signer did not list", "a file")
