"""Making keys and signatures; `model-signing` writes the signature."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sentinel.provenance.releases import Release, write_release
from sentinel.provenance.signatures import SIGNATURE_NAMES


def make_key(path: Path) -> tuple[Path, Path]:
    """Write a new P-256 key pair: the private key to ``path``, the public one beside it (.pub).

    Returns:
        Both paths.

    Raises:
        FileExistsError: one of the files is there already; a key is never overwritten.
    """
    public_path = path.with_name(path.name + ".pub")
    if public_path.exists():
        raise FileExistsError(f"{public_path} is there already")
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    public_path.write_bytes(public)
    return path, public_path


def sign_folder(
    folder: Path,
    private_key: Path,
    *,
    signature: Path | None = None,
    certificate: Path | None = None,
    chain: Sequence[Path] = (),
    name: str | None = None,
    version: int | None = None,
) -> Path:
    """Sign every file of a model's folder, in the OpenSSF model-signing format.

    Args:
        folder: the model.
        private_key: PEM file with a key on P-256, P-384 or P-521.
        signature: where the signature goes; default is ``model.sig`` in the folder.
        certificate: the key's certificate, if verifiers pin an authority and not the key.
        chain: certificates between that one and the authority, in this order.
        name, version: written into ``release.json`` and signed with the rest, so that a
            verifier who remembers a newer release can refuse this one.

    Returns:
        The signature's path.

    Raises:
        ValueError: the key is of another kind, or is not the certificate's.
        OSError: a file cannot be read or written.
    """
    from model_signing import hashing, signing

    signature = signature or folder / SIGNATURE_NAMES[0]
    if version is not None:
        write_release(folder, Release(name or folder.resolve().name, version))
    skipped = [signature.name, ".cache/huggingface"] if signature.parent == folder else []
    files = hashing.Config().set_ignored_paths(paths=skipped)
    files.set_allow_symlinks(any(path.is_symlink() for path in folder.rglob("*")))
    config = signing.Config().set_hashing_config(files)
    if certificate is None:
        config.use_elliptic_key_signer(private_key=private_key)
    else:
        config.use_certificate_signer(
            private_key=private_key, signing_certificate=certificate, certificate_chain=chain
        )
    config.sign(folder, signature)
    return signature
