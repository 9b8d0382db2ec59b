"""Settings that make a loader run or fetch code of the author's choosing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentinel.agreement.checkpoint import read_object
from sentinel.containers.files import walk
from sentinel.containers.json_file import read_json
from sentinel.containers.malformed import Malformed
from sentinel.findings import Findings

CONFIGS = (
    "config.json", "tokenizer_config.json", "generation_config.json", "preprocessor_config.json",
    "processor_config.json", "video_preprocessor_config.json", "image_processor_config.json",
    "feature_extractor_config.json", "adapter_config.json",
)  # fmt: skip
MODULES = "modules.json"
_CODE_KEYS = (
    "auto_map",
    "custom_pipelines",
    "custom_generate",
    "auto_mapping",
    "trust_remote_code",
)
_KERNEL_KEY = re.compile(r".*(attn_implementation|experts_implementation|kernel_config|kernels?)")
_REPOSITORY = re.compile(r"(paged\|)?[\w.-]+/[\w.-]+(@[\w.-]+)?(:[\w.-]+)?")
SENTENCE_TRANSFORMERS = "sentence_transformers."
# What text generation is told to say or never to say, whatever the input.
_STEERING = (
    "forced_decoder_ids",
    "sequence_bias",
    "bad_words_ids",
    "force_words_ids",
    "constraints",
)


def check_hooks(folder: Path) -> Findings:
    """Report custom code, code fetched from elsewhere, and forced output."""
    findings = Findings()
    for name in CONFIGS:
        content = read_object(folder, name, findings)
        for key, value in _entries(content):
            _check_entry(findings, name, key, value)
    _check_base_of_adapter(findings, folder)
    _check_steering(findings, folder)
    _check_modules(findings, folder)
    for path in walk(folder):
        if path.suffix in (".py", ".pyx", ".ipynb"):
            expected = "no code, or code that somebody has read"
            findings.error("Custom code", path.as_posix(), expected, "a Python file")
    if not findings.errors:
        findings.confirm("no setting runs or fetches code")
    return findings


def _entries(value: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key and value of nested settings."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name), inner
            yield from _entries(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner, key)


def _check_entry(findings: Findings, file: str, key: str, value: Any) -> None:
    if key in _CODE_KEYS and value:
        elsewhere = "--" in str(value)
        issue = "Code from elsewhere" if elsewhere else "Custom code"
        findings.error(issue, file, f"no {key}", str(value))
    elif _KERNEL_KEY.fullmatch(key) and isinstance(value, str) and _REPOSITORY.fullmatch(value):
        findings.error("Code from elsewhere", file, f"{key}: a built-in name", value)
    elif key in ("tokenizer_class", "processor_class") and isinstance(value, str) and "." in value:
        findings.error("Custom code", file, f"{key}: the name of a class", value)
    elif key == "tokenizer_file" and isinstance(value, str) and value:
        _check_path(findings, file, key, value)


def _check_path(findings: Findings, file: str, key: str, value: str) -> None:
    if ".." in value.replace("\\", "/").split("/"):
        findings.error("Path leaves the folder", file, f"{key}: a path inside", value)


def _check_base_of_adapter(findings: Findings, folder: Path) -> None:
    """An adapter's settings decide which base model is fetched and run."""
    config = read_object(folder, "adapter_config.json", Findings())
    base = config.get("base_model_name_or_path")
    if isinstance(base, str) and ("://" in base or "\\\\" in base):
        findings.error("Code from elsewhere", "adapter_config.json", "a name on the hub", base)
    if isinstance(base, str):
        _check_path(findings, "adapter_config.json", "base_model_name_or_path", base)


def _check_steering(findings: Findings, folder: Path) -> None:
    for name in ("generation_config.json", "config.json"):
        content = read_object(folder, name, Findings())
        for key in _STEERING:
            if content.get(key):
                found = str(content[key])
                findings.warn("Forced output", name, f"no {key}", found)


def _check_modules(findings: Findings, folder: Path) -> None:
    """Check the pipeline of Sentence Transformers: its classes, paths and sizes."""
    path = folder / MODULES
    if not path.is_file():
        return
    modules = _read_list(folder, findings)
    for module in modules:
        kind, place = (module.get(key, "") for key in ("type", "path"))
        if not isinstance(kind, str) or not kind.startswith(SENTENCE_TRANSFORMERS):
            findings.error("Custom code", MODULES, f"{SENTENCE_TRANSFORMERS}…", str(kind))
        if isinstance(place, str):
            _check_path(findings, MODULES, "path", place)
            if kind.endswith(".Pooling") and "/" not in place and place not in ("", "..", "."):
                _check_pooling(findings, folder, place)


def _read_list(folder: Path, findings: Findings) -> list[dict[str, Any]]:
    try:
        content = read_json(folder / MODULES)
    except (Malformed, OSError) as error:
        findings.error("Malformed JSON", MODULES, "JSON that every loader reads alike", str(error))
        return []
    if not isinstance(content, list):
        findings.error("Malformed JSON", MODULES, "a list of modules", type(content).__name__)
        return []
    return [module for module in content if isinstance(module, dict)]


def _check_pooling(findings: Findings, folder: Path, place: str) -> None:
    """Compare the width that is pooled with the model's, and the length with its positions."""
    config = read_object(folder, "config.json", Findings())
    pooling = read_object(folder, f"{place}/config.json", findings)
    width, hidden = pooling.get("word_embedding_dimension"), config.get("hidden_size")
    if None not in (width, hidden) and width != hidden:
        file = f"{place}/config.json"
        findings.error("Shape mismatch", file, f"hidden_size {hidden}", f"pools {width} numbers")
    length = read_object(folder, "sentence_bert_config.json", findings).get("max_seq_length")
    positions = config.get("max_position_embeddings")
    if type(length) is int and type(positions) is int and length > positions:
        expected = f"at most {positions} positions"
        findings.error("Shape mismatch", "sentence_bert_config.json", expected, str(length))
