"""Whether a signing certificate is the one that a policy pins, and still good for signing.

`model-signing` checks the chain at the certificate's own date of issue and lets any certificate
of the authority sign; what it leaves open is decided here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sentinel.findings import Findings
from sentinel.provenance.policy import CertificatePin

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def check_certificates(
    chain: list[x509.Certificate], pin: CertificatePin, now: datetime | None = None
) -> Findings:
    """Check the signing certificate against its pin, its dates and its purpose.

    Args:
        chain: the signing certificate, then those that issued it.
        pin: what the policy says of it.
        now: the moment of the check; default is the present.
    """
    findings = Findings()
    leaf = chain[0]
    _check_dates(findings, [*chain, *_authorities(pin, chain)], now or datetime.now(UTC))
    _check_purpose(findings, leaf)
    _check_identity(findings, leaf, pin)
    return findings


def issued_by(chain: list[x509.Certificate], pin: CertificatePin) -> bool:
    """Whether the pinned authority issued the chain's first certificate, as OpenSSL builds it.

    The moment of the check is the first certificate's own date of issue, so that an expired
    one is told from a stranger's; `check_certificates` looks at the dates.
    """
    from OpenSSL import crypto

    store = crypto.X509Store()
    for authority in x509.load_pem_x509_certificates(pin.authority):
        store.add_cert(crypto.X509.from_cryptography(authority))
    store.set_time(chain[0].not_valid_before_utc)
    leaf, *rest = (crypto.X509.from_cryptography(certificate) for certificate in chain)
    try:
        crypto.X509StoreContext(store, leaf, rest).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def _authorities(pin: CertificatePin, chain: list[x509.Certificate]) -> list[x509.Certificate]:
    """Return the pinned authorities that issued a certificate of the chain."""
    issuers = {certificate.issuer for certificate in chain}
    return [c for c in x509.load_pem_x509_certificates(pin.authority) if c.subject in issuers]


def _check_dates(findings: Findings, chain: list[x509.Certificate], now: datetime) -> None:
    for certificate in chain:
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not first <= now <= last:
            findings.error(
                "Certificate expired" if now > last else "Certificate not yet valid",
                expected=f"valid on {now:%Y-%m-%d}",
                found=f"{_name(certificate)}: {first:%Y-%m-%d} to {last:%Y-%m-%d}",
            )


def _check_purpose(findings: Findings, leaf: x509.Certificate) -> None:
    """Refuse a certificate issued for servers, for mail, or for issuing other certificates."""
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        _refuse_purpose(findings, leaf, "an authority's own certificate")
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    usage = _extension(leaf, x509.KeyUsage)
    if extended is not None and ExtendedKeyUsageOID.CODE_SIGNING not in extended:
        _refuse_purpose(findings, leaf, ", ".join(_usage_name(oid) for oid in extended))
    elif usage is not None and not usage.digital_signature:
        _refuse_purpose(findings, leaf, "no digital signatures")
    elif usage is None and extended is None:
        _refuse_purpose(findings, leaf, "no purpose stated")


def _refuse_purpose(findings: Findings, leaf: x509.Certificate, found: str) -> None:
    findings.error(
        "Certificate for another use", expected="code signing", found=f"{_name(leaf)}: {found}"
    )


def _usage_name(usage: x509.ObjectIdentifier) -> str:
    names = {
        oid: name.lower().replace("_", " ")
        for name, oid in vars(ExtendedKeyUsageOID).items()
        if isinstance(oid, x509.ObjectIdentifier)
    }
    return names.get(usage, usage.dotted_string)


def _check_identity(findings: Findings, leaf: x509.Certificate, pin: CertificatePin) -> None:
    fingerprint = leaf.fingerprint(hashes.SHA256()).hex()
    names = identities(leaf)
    if pin.identity not in names:
        found = ", ".join(names) or "no name"
        findings.error("Unknown signer", expected=pin.identity, found=found)
    elif pin.fingerprint not in (None, fingerprint):
        findings.error("Unknown signer", expected=pin.fingerprint, found=fingerprint)


def identities(certificate: x509.Certificate) -> list[str]:
    """Return the names a certificate was issued for: alternative names, or its common name."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is not None:
        kinds = (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName)
        return [name for kind in kinds for name in names.get_values_for_type(kind)]
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(attribute.value) for attribute in common]


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(certificate: x509.Certificate) -> str:
    return ", ".join(identities(certificate)) or certificate.subject.rfc4514_string()
