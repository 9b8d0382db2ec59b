"""Origin: known digests, download records, the card, and the seed's own lines."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lessonkit import load_texts
from lessonkit.models import model_folder
from sentinel.provenance import ModelProvenanceChecker
from sentinel.provenance.advisories import check_advisories, read_advisories

SEED = """
from sentinel import scan, ModelProvenanceChecker, BackdoorScanner, WeightIntegrityValidator

provenance = ModelProvenanceChecker()
result = provenance.verify(
    model_path="path/to/model",
    expected_source="meta-llama",
    check_signature=True
)

if not result.verified:
    print(f"Warning: {result.issues}")

backdoor_scanner = BackdoorScanner()
scan_result = backdoor_scanner.scan(
    model=loaded_model,
    trigger_patterns=["[TRIGGER]", "ABSOLUTELY"],
    test_inputs=validation_set
)

if scan_result.backdoor_detected:
    print(f"Backdoor indicators: {scan_result.indicators}")
"""


def test_the_seeds_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Section 6.3 of the lesson's source, its import mended and nothing else."""
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    names = {
        "loaded_model": AutoModelForSequenceClassification.from_pretrained(
            model_folder("tiny_bert")
        ),
        "validation_set": load_texts("opinions")["validation"].select(range(32)),
    }
    exec(compile(SEED, "seed", "exec"), names)
    assert "Warning: ['No model folder'" in capsys.readouterr().out


def test_the_courses_encoder_is_its_publishers() -> None:
    result = ModelProvenanceChecker().verify(model_folder("encoder"), "sentence-transformers")
    assert result.verified, result.issues
    assert any("all-MiniLM-L6-v2" in entry.claim for entry in result.evidence)


def test_it_is_nobody_elses() -> None:
    result = ModelProvenanceChecker().verify(model_folder("encoder"), "meta-llama")
    assert not result.verified
    assert "Unknown source" in result.issues
    assert "No signature" in result.issues


@pytest.mark.parametrize("name", ["sentence-transforrners", "Sentence-Transformers"])
def test_a_look_alike_is_not_the_publisher(name: str) -> None:
    result = ModelProvenanceChecker().verify(model_folder("encoder"), name)
    assert "Look-alike source" in result.issues
    assert not result.verified


def test_download_records_corroborate_or_contradict(copy_of: Callable[[str], Path]) -> None:
    model = copy_of("bert")
    records = model / ".cache" / "huggingface" / "download"
    records.mkdir(parents=True)
    content = (model / "config.json").read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    large = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    (records / "config.json.metadata").write_text(f"{'a' * 40}\n{blob}\n1.0\n")
    (records / "model.safetensors.metadata").write_text(f"{'a' * 40}\n{large}\n1.0\n")
    checker = ModelProvenanceChecker()
    result = checker.verify(model)
    assert any("2 files are as the hub's client noted" in e.claim for e in result.evidence)
    (model / "config.json").write_bytes(content + b" ")
    assert "Changed since download" in checker.verify(model).issues


def test_the_cache_of_the_hubs_client_names_the_repository(tmp_path: Path) -> None:
    root = tmp_path / "models--google--tiny"
    snapshot = root / "snapshots" / ("c" * 40)
    snapshot.mkdir(parents=True)
    (root / "blobs").mkdir()
    content = json.dumps({"model_type": "bert"}).encode()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    (root / "blobs" / blob).write_bytes(content)
    (snapshot / "config.json").symlink_to(f"../../blobs/{blob}")
    checker = ModelProvenanceChecker()
    assert "Another source" in checker.verify(snapshot, "openai").issues
    result = checker.verify(snapshot, "google/tiny")
    assert "Another source" not in result.issues
    assert list(result.digests) == ["config.json"]
    (root / "blobs" / blob).write_bytes(b"{}")
    assert "Changed since download" in checker.verify(snapshot).issues


CARDS = {
    "license: mit": None,
    "license: CC-BY-NC-4.0": "Licence not allowed",
    "license: [apache-2.0, cc-by-nc-nd-4.0]": "Licence not allowed",
    "base_model: rneta-llama/Llama-2-7b": "Look-alike source",
}


@pytest.mark.parametrize("front", CARDS)
def test_the_card_is_read(copy_of: Callable[[str], Path], front: str) -> None:
    model = copy_of("bert")
    (model / "README.md").write_text(f"---\n{front}\n---\nText.\n")
    issues = [
        issue for issue in ModelProvenanceChecker().verify(model).issues if issue.severity > 1
    ]
    assert issues == ([CARDS[front]] if CARDS[front] else [])


@pytest.mark.parametrize(
    "front", ["a: &a [x]\nb: [*a, *a]", "license: [", "!!python/object/apply:os.system [id]"]
)
def test_hostile_cards_are_only_unreadable(copy_of: Callable[[str], Path], front: str) -> None:
    model = copy_of("bert")
    (model / "README.md").write_text(f"---\n{front}\n---\n")
    assert "Model card unreadable" in ModelProvenanceChecker().verify(model).issues


def test_advisories_concern_versions() -> None:
    old = {"torch": "2.5.1", "transformers": "4.47.0", "numpy": "2.0.0", "jinja2": "3.1.6"}
    issues = check_advisories(installed=old).issues
    assert {issue.found for issue in issues} == {"torch 2.5.1", "transformers 4.47.0"}
    assert any("CVE-2025-32434" in issue.expected for issue in issues)
    assert not check_advisories(installed={"torch": "2.6.0"}).errors
    assert all(entry.source.startswith("https://") for entry in read_advisories().advisories)
