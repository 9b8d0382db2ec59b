"""Where a model comes from, and whether its files are the ones that were published."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sentinel.containers.files import walk
from sentinel.containers.malformed import Malformed
from sentinel.findings import Evidence, Findings, Issue
from sentinel.provenance import hub_records, known_models, model_card, releases, signatures
from sentinel.provenance.digests import FileDigest, Progress, digest_folder
from sentinel.provenance.policy import Source, TrustPolicy, read_policy


@dataclass(frozen=True)
class ProvenanceResult:
    """What is known of a model's origin.

    Attributes:
        model_path: the folder that was looked at.
        verified: whether a trusted signature or list of digests vouches for every file, and
            nothing speaks against the model.
        issues: what speaks against it, each a short name with its file, expected and found.
        evidence: what was looked at and found in order.
        digests: of every file, by path.
    """

    model_path: str
    verified: bool
    issues: list[Issue]
    evidence: list[Evidence]
    digests: dict[str, FileDigest] = field(repr=False, default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "model_path": self.model_path,
            "verified": self.verified,
            **Findings(self.issues, self.evidence).to_dict(),
            "sha256": {name: digest.sha256 for name, digest in self.digests.items()},
        }


class ModelProvenanceChecker:
    """Decides whether a model is the one that a source published.

    Args:
        policy: TOML file of trusted sources; default is the package's own `sources.toml`.
        digests: TOML file of digests known to be right, such as the course's `data/models.toml`;
            default is that file if it is at hand.
        memory: JSON file in which the newest release seen of each model is kept, so that an
            older one is refused later even where the policy names no oldest release.
    """

    def __init__(
        self,
        policy: str | os.PathLike[str] | None = None,
        digests: str | os.PathLike[str] | None = None,
        memory: str | os.PathLike[str] | None = None,
    ) -> None:
        self.policy: TrustPolicy = read_policy(Path(policy) if policy is not None else None)
        self.known = known_models.load(Path(digests) if digests is not None else None)
        self.memory = Path(memory) if memory is not None else None

    def trust_key(self, namespace: str, key: bytes) -> None:
        """Let a public key, in PEM form, sign for an organization, besides what the policy says.

        Raises:
            ValueError: it is no key on P-256, P-384 or P-521.
        """
        signatures.load_public_key(key)
        source = self.policy.find(namespace) or Source(namespace)
        trusted = replace(source, keys=(*source.keys, key))
        self.policy = replace(self.policy, sources=self.policy.sources | {namespace: trusted})

    def verify(
        self,
        model_path: str | os.PathLike[str],
        expected_source: str | None = None,
        check_signature: bool = True,
        progress: Progress | None = None,
        now: datetime | None = None,
    ) -> ProvenanceResult:
        """Check a model's folder.

        Args:
            model_path: the folder.
            expected_source: organization or ``organization/model`` it should come from. Without
                one, an unknown origin is no issue, and nothing but a known digest verifies it.
            check_signature: whether a signature is read if there is one, and asked for where
                no known digests vouch for the model.
            progress: called with a file's name and the bytes just read of it.
            now: the moment at which certificates must be valid; default is the present.

        Raises:
            Nothing for bad content: whatever the folder holds becomes an issue.
        """
        folder, findings = Path(model_path), Findings()
        if not folder.is_dir():
            found = "a file" if folder.exists() else "nothing there"
            findings.error("No model folder", str(folder), "a folder with a model's files", found)
            self._find_source(findings, expected_source)
            return ProvenanceResult(str(folder), False, findings.issues, [], {})
        digests, errors = digest_folder(folder, walk(folder), progress)
        for name, error in errors.items():
            findings.error("Unreadable file", name, "a file that can be read", str(error.strerror))
        vouched = self._check(folder, digests, expected_source, check_signature, now, findings)
        verified = vouched and not findings.errors
        return ProvenanceResult(str(folder), verified, findings.issues, findings.evidence, digests)

    def _check(
        self,
        folder: Path,
        digests: dict[str, FileDigest],
        expected: str | None,
        check_signature: bool,
        now: datetime | None,
        findings: Findings,
    ) -> bool:
        """Run every check; return whether a trusted list or signature vouches for the files."""
        source = self._find_source(findings, expected)
        records = hub_records.read_records(folder, findings)
        claims = model_card.read_claims(folder, findings)
        findings.extend(hub_records.check_records(records, digests))
        findings.extend(model_card.check_names(claims, records.repository, self.policy))
        findings.extend(model_card.check_license(folder, claims, self.policy, source))
        _check_repository(findings, records.repository, expected)
        listed = known_models.check(self.known, digests, expected, records.repository)
        findings.extend(listed.findings)
        vouched = listed.vouched
        if check_signature:
            needed = expected is not None and not vouched and not listed.findings.errors
            vouched |= self._check_signature(findings, folder, digests, source, needed, now)
        if expected is not None and not vouched:
            _report_unknown(findings, expected, source)
        return vouched

    def _find_source(self, findings: Findings, expected: str | None) -> Source | None:
        """Return the expected organization's entry; report a name that only looks like one."""
        if expected is None:
            return None
        namespace = expected.split("/")[0]
        imitated = self.policy.imitated_by(namespace)
        if imitated is not None:
            findings.error("Look-alike source", expected=imitated, found=namespace)
        return self.policy.find(namespace)

    def _check_signature(
        self,
        findings: Findings,
        folder: Path,
        digests: dict[str, FileDigest],
        source: Source | None,
        needed: bool,
        now: datetime | None,
    ) -> bool:
        """Check the folder's signature, if there is one; return whether a trusted one vouches."""
        path = signatures.find_signature(folder)
        if path is None:
            signs = source is not None and bool(source.keys or source.certificates)
            report = findings.error if needed or signs else findings.note
            report("No signature", expected="a signature of the source", found="none")
            return False
        try:
            bundle = signatures.read_bundle(path)
        except (Malformed, OSError) as error:
            findings.error("Signature unreadable", path.name, "an OpenSSF signature", str(error))
            return False
        result = signatures.check_signature(folder, bundle, source, digests, now)
        findings.extend(result.findings)
        if result.signer is None or result.findings.errors:
            return False
        before = len(findings.errors)
        if self.memory is not None and source is not None:
            releases.remember(findings, self.memory, source, folder)
        return len(findings.errors) == before


def _check_repository(findings: Findings, repository: str | None, expected: str | None) -> None:
    """Compare where the hub client's cache says a model came from with where it should."""
    if repository is None or expected is None:
        return
    if expected not in (repository, repository.split("/")[0]):
        findings.error("Another source", expected=expected, found=repository)


def _report_unknown(findings: Findings, expected: str, source: Source | None) -> None:
    if source is None:
        found = f"{expected.split('/')[0]} is not in the policy"
    else:
        found = "no trusted signature or list of digests vouches for these files"
    findings.error("Unknown source", expected=expected, found=found)
