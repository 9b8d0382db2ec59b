"""Signatures: interoperable with `model-signing`, and stricter where it is not."""

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import model_signing
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sentinel.provenance import ModelProvenanceChecker, ProvenanceResult, make_key, sign_folder

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


@pytest.fixture
def model(copy_of: Callable[[str], Path]) -> Path:
    return copy_of("bert")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path / "key")[0]


def verify(model: Path, policy: Path, **options: object) -> ProvenanceResult:
    checker = ModelProvenanceChecker(policy=policy, memory=options.pop("memory", None))
    return checker.verify(model, "publisher", now=NOW, **options)


@pytest.fixture
def policy(tmp_path: Path, key: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(
        'extends = "default"\n[[source]]\nnamespace = "publisher"\nkeys = ["key.pub"]\n'
    )
    return path


def test_model_signing_verifies_ours(model: Path, key: Path) -> None:
    signature = sign_folder(model, key)
    config = model_signing.verifying.Config().use_elliptic_key_verifier(
        public_key=key.with_name("key.pub")
    )
    config.verify(model, signature)
    (model / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="mismatch"):
        config.verify(model, signature)


@pytest.mark.parametrize("method", ["files", "shards", "blake3"])
def test_we_verify_what_model_signing_signs(
    model: Path, key: Path, policy: Path, method: str
) -> None:
    files = model_signing.hashing.Config().set_ignored_paths(paths=["model.sig"])
    if method == "shards":
        files = files.use_shard_serialization(shard_size=10_000, ignore_paths=["model.sig"])
    elif method == "blake3":
        files = files.use_file_serialization(hashing_algorithm="blake3", ignore_paths=["model.sig"])
    signer = model_signing.signing.Config().use_elliptic_key_signer(private_key=key)
    signer.set_hashing_config(files).sign(model, model / "model.sig")
    result = verify(model, policy)
    assert result.verified, result.issues
    with (model / "config.json").open("a") as file:
        file.write(" ")
    assert "Signature mismatch" in verify(model, policy).issues


def test_a_signed_model_is_verified(model: Path, key: Path, policy: Path) -> None:
    sign_folder(model, key)
    result = verify(model, policy)
    assert result.verified
    assert any(entry.claim == "signed by publisher" for entry in result.evidence)


@pytest.mark.parametrize("place", ["extra.json", ".github/run.py", ".git/config.bin"])
def test_added_files_are_named_wherever_they_lie(
    model: Path, key: Path, policy: Path, place: str
) -> None:
    sign_folder(model, key)
    (model / place).parent.mkdir(exist_ok=True)
    (model / place).write_text("added")
    result = verify(model, policy)
    if place.startswith(".git/"):
        assert result.verified  # git's own folder is nothing that a loader reads
    else:
        assert "Unsigned file" in result.issues


def test_a_good_signature_counts_whatever_the_licence(model: Path, key: Path, policy: Path) -> None:
    (model / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    sign_folder(model, key)
    result = verify(model, policy)
    assert "Licence not allowed" in result.issues
    assert "Unknown source" not in result.issues
    assert not result.verified


def test_missing_files_are_named(model: Path, key: Path, policy: Path) -> None:
    sign_folder(model, key)
    (model / "vocab.txt").unlink()
    (issue,) = [issue for issue in verify(model, policy).issues if issue == "Missing file"]
    assert issue.file == "vocab.txt"


def test_another_key_is_an_unknown_signer(model: Path, policy: Path, tmp_path: Path) -> None:
    sign_folder(model, make_key(tmp_path / "other")[0])
    result = verify(model, policy)
    assert not result.verified
    assert {"Unknown signer", "Unknown source"} <= set(result.issues)


def test_a_forged_list_of_digests_does_not_fit_its_signature(
    model: Path, key: Path, policy: Path, tmp_path: Path
) -> None:
    """The signer's key is named, the list is an attacker's own, correct in itself."""
    sign_folder(model, key)
    content = json.loads((model / "model.sig").read_text())
    (model / "model.sig").unlink()
    (model / "config.json").write_text("{}")
    forged = json.loads(sign_folder(model, make_key(tmp_path / "other")[0]).read_text())
    content["dsseEnvelope"]["payload"] = forged["dsseEnvelope"]["payload"]
    (model / "model.sig").write_text(json.dumps(content))
    assert "Signature mismatch" in verify(model, policy).issues


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"verificationMaterial": {}, "dsseEnvelope": 3}', "\x00", "[" * 9999],
)
def test_a_broken_signature_is_unreadable(model: Path, policy: Path, content: str) -> None:
    (model / "model.sig").write_text(content)
    assert "Signature unreadable" in verify(model, policy).issues


def test_an_older_release_is_refused(model: Path, key: Path, policy: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    sign_folder(model, key, name="guard", version=1)
    older = shutil.copytree(model, tmp_path / "older")
    (model / "model.sig").unlink()
    sign_folder(model, key, name="guard", version=2)
    assert verify(model, policy, memory=memory).verified
    result = verify(older, policy, memory=memory)
    assert not result.verified
    assert "Older release" in result.issues
    policy.write_text(policy.read_text() + "versions = { guard = 2 }\n")
    assert "Older release" in verify(older, policy).issues
    assert verify(model, policy).verified


def test_a_withdrawn_release_is_refused(model: Path, key: Path, policy: Path) -> None:
    from sentinel.provenance.signatures import read_bundle

    root = read_bundle(sign_folder(model, key)).signed.root
    policy.write_text(policy.read_text() + f'revoked = ["{root}"]\n')
    assert "Revoked release" in verify(model, policy).issues


def test_a_damaged_memory_is_an_issue_and_stays(
    model: Path, key: Path, policy: Path, tmp_path: Path
) -> None:
    memory = tmp_path / "memory.json"
    memory.write_text("damaged")
    sign_folder(model, key, version=1)
    assert "Memory unreadable" in verify(model, policy, memory=memory).issues
    assert memory.read_text() == "damaged"


# Certificates


class Authority:
    """A certificate authority that issues leaves to order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        builder = self._builder(self.name, self.key, 3650)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        self.certificate = builder.sign(self.key, hashes.SHA256())
        self.path = self.write("authority.pem", self.certificate)

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
    ) -> x509.CertificateBuilder:
        start = NOW - dt.timedelta(days=100)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=days))
        )

    def write(self, name: str, certificate: x509.Certificate) -> Path:
        path = self.folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def issue(
        self,
        identity: str,
        days: int = 365,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CODE_SIGNING,
    ) -> tuple[Path, Path]:
        """Return the paths of a new key and of its certificate."""
        key_path, _ = make_key(self.folder / f"{identity}-{days}-{usage.dotted_string}.key")
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity)])
        usages = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)  # fmt: skip
        certificate = (
            self._builder(name, key, days)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(identity)]), False)
            .add_extension(x509.KeyUsage(digital_signature=True, **usages), True)
            .add_extension(x509.ExtendedKeyUsage([usage]), False)
            .sign(self.key, hashes.SHA256())
        )
        return key_path, self.write(f"{key_path.stem}.pem", certificate)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def verify_certificate(model: Path, authority: Authority, **issued: object) -> ProvenanceResult:
    """Sign with a leaf issued as told, and verify with a policy that pins release@publisher.org."""
    key, certificate = authority.issue(**issued)
    sign_folder(model, key, certificate=certificate, chain=[authority.path])
    config = model_signing.verifying.Config()
    config.use_certificate_verifier(certificate_chain=[authority.path])
    config.verify(model, model / "model.sig")  # the library accepts every one of them
    policy = authority.folder / "pinned.toml"
    policy.write_text(
        '[[source]]\nnamespace = "publisher"\n[[source.certificates]]\n'
        'authority = "authority.pem"\nidentity = "release@publisher.org"\n'
    )
    return verify(model, policy)


def test_the_pinned_certificate_signs(model: Path, authority: Authority) -> None:
    result = verify_certificate(model, authority, identity="release@publisher.org")
    assert result.verified, result.issues


@pytest.mark.parametrize(
    ("issued", "issue"),
    [
        ({"identity": "intern@publisher.org"}, "Unknown signer"),
        ({"identity": "release@publisher.org", "days": 50}, "Certificate expired"),
        (
            {"identity": "release@publisher.org", "usage": ExtendedKeyUsageOID.SERVER_AUTH},
            "Certificate for another use",
        ),
    ],
)
def test_other_certificates_of_the_authority_do_not(
    model: Path, authority: Authority, issued: dict[str, object], issue: str
) -> None:
    usage = issued.get("usage")
    result = verify_certificate(model, authority, **issued)
    assert not result.verified, usage
    assert issue in result.issues


def test_another_authority_is_an_unknown_signer(
    model: Path, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "else").mkdir()
    stranger = Authority(tmp_path / "else")
    key, certificate = stranger.issue("release@publisher.org")
    sign_folder(model, key, certificate=certificate, chain=[stranger.path])
    policy = tmp_path / "pinned.toml"
    policy.write_text(
        '[[source]]\nnamespace = "publisher"\n[[source.certificates]]\n'
        'authority = "authority.pem"\nidentity = "release@publisher.org"\n'
    )
    assert "Unknown signer" in verify(model, policy).issues


def test_keys_are_never_overwritten(key: Path) -> None:
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        make_key(key)
