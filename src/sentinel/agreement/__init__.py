"""Files of one model that must agree with one another."""

from __future__ import annotations

from pathlib import Path

from sentinel.agreement.adapter import check_adapter
from sentinel.agreement.architecture import check_architecture
from sentinel.agreement.chat_templates import check_chat_templates
from sentinel.agreement.checkpoint import read_checkpoint
from sentinel.agreement.formats import check_formats
from sentinel.agreement.hooks import check_hooks
from sentinel.agreement.labels import check_labels
from sentinel.agreement.shards import check_shards
from sentinel.agreement.tokenizer import check_tokenizer
from sentinel.findings import Findings


def check_agreement(folder: Path, base: Path | None = None) -> Findings:
    """Compare configuration, weights, tokenizer, labels, shards, adapter and templates.

    Args:
        folder: the model's folder.
        base: the base model's folder, for an adapter.
    """
    findings = Findings()
    checkpoint = read_checkpoint(folder, findings)
    findings.extend(check_shards(folder))
    findings.extend(check_formats(folder))
    findings.extend(check_architecture(folder, checkpoint))
    findings.extend(check_tokenizer(folder, checkpoint))
    findings.extend(check_labels(folder, checkpoint))
    findings.extend(check_adapter(folder, base))
    findings.extend(check_hooks(folder))
    findings.extend(check_chat_templates(folder))
    return findings
