"""The tokenizer's files with one another, with the configuration, and with the embedding rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from sentinel.agreement.checkpoint import Checkpoint, read_object
from sentinel.findings import Findings, printable

TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_MAP = "special_tokens_map.json"
VOCAB_LIMIT = 64 << 20
EMBEDDINGS = re.compile(
    r"(.*\.)?(word_embeddings|embed_tokens|wte|tok_embeddings|token_embedding|shared|embed_in"
    r"|word_embedding)\.weight"
)
# Ordinary names of special tokens that are words.
SPECIAL_WORDS = {"pad", "unk", "mask", "bos", "eos", "cls", "sep", "unknown", "padding"}
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# In a regular expression: escapes, classes by property, counts.
_SYNTAX = re.compile(
    r"\\[pP]\{[^}]*\}|\\x\{?[0-9A-Fa-f]+\}?|\\u[0-9A-Fa-f]{4}|\\.|\{\d*,?\d*\}|\(\?\w*[:=!<]"
)
SHORTEST_TEXT = 8  # tokens; a saved truncation below makes a model blind
OUT_OF_ORDER = 0.01  # share of merges; more than this is a vocabulary in an order of its own


def check_tokenizer(folder: Path, checkpoint: Checkpoint) -> Findings:
    """Compare everything that says which number a word has, and how text becomes words."""
    findings = Findings()
    content = read_object(folder, TOKENIZER, findings)
    settings = read_object(folder, TOKENIZER_CONFIG, findings)
    config = read_object(folder, "config.json", findings)
    _check_special_map(findings, settings, read_object(folder, SPECIAL_MAP, findings))
    if not content:
        return findings
    model = content.get("model")
    model = model if isinstance(model, dict) else {}
    vocabulary = _vocabulary(findings, model)
    tokens = vocabulary | _added(findings, content, vocabulary)
    _check_ids(findings, tokens, checkpoint, config)
    _check_declared(findings, settings, tokens)
    _check_vocabulary_files(findings, folder, vocabulary, model)
    _check_added_file(findings, folder, tokens)
    _check_unknown_token(findings, model)
    _check_truncation(findings, content)
    _check_order(findings, model, vocabulary)
    _check_rewriting(findings, content)
    _check_template(findings, content, tokens)
    if tokens and not findings.errors:
        findings.confirm(f"{len(tokens)} tokens agree in all files and have rows", TOKENIZER)
    return findings


def _vocabulary(findings: Findings, model: dict[str, Any]) -> dict[str, int]:
    """Return word -> number of any kind of tokenizer model."""
    entries = model.get("vocab")
    if isinstance(entries, list):  # Unigram: pairs of word and score
        words = [entry[0] for entry in entries if isinstance(entry, list) and entry]
        if len(set(map(str, words))) < len(entries):
            findings.error("Vocabulary mismatch", TOKENIZER, "each token once", "a token twice")
        return {str(word): number for number, word in enumerate(words)}
    if not isinstance(entries, dict):
        return {}
    numbers = [number for number in entries.values() if type(number) is int]
    if len(set(numbers)) < len(entries):
        shared = sorted({n for n in numbers if numbers.count(n) > 1}) if len(numbers) < 5000 else []
        found = f"shared numbers {shared[:5]}" if shared else "numbers given twice"
        findings.error("Vocabulary mismatch", TOKENIZER, "a number for each token", found)
    return {str(word): number for word, number in entries.items() if type(number) is int}


def _added(
    findings: Findings, content: dict[str, Any], vocabulary: dict[str, int]
) -> dict[str, int]:
    """Return added tokens; report those that contradict the vocabulary or pose as words."""
    added = {}
    names = {number: word for word, number in vocabulary.items()}
    for entry in content.get("added_tokens") or []:
        if not isinstance(entry, dict) or not isinstance(entry.get("content"), str):
            findings.error(
                "Malformed tokenizer", TOKENIZER, "added tokens with content", str(entry)
            )
            continue
        word, number = entry["content"], entry.get("id")
        if type(number) is not int or names.get(number, word) != word:
            found = f"{printable(word, 40)} = {number}, which is {names.get(number)}"
            findings.error("Vocabulary mismatch", TOKENIZER, "one token for a number", found)
        elif vocabulary.get(word, number) != number:
            found = f"{printable(word, 40)} = {number}"
            findings.error("Vocabulary mismatch", TOKENIZER, f"{vocabulary[word]}", found)
        if entry.get("special") and _is_word(word):
            expected = "special tokens that no text contains"
            findings.error("Ordinary word as special token", TOKENIZER, expected, word)
        if type(number) is int:
            added[word] = number
    return added


def _is_word(text: str) -> bool:
    return text.isalpha() and text.islower() and len(text) > 2 and text not in SPECIAL_WORDS


def _check_ids(
    findings: Findings, tokens: dict[str, int], checkpoint: Checkpoint, config: dict[str, Any]
) -> None:
    """Check that every token's number has a row, and that rows and vocab_size agree."""
    highest = max(tokens.values(), default=-1)
    embeddings = {
        name: info
        for name, info in checkpoint.tensors.items()
        if EMBEDDINGS.fullmatch(name) and len(info.shape) == 2
    }
    for name, info in embeddings.items():
        if highest >= info.shape[0]:
            expected = f"a row for each of {highest + 1} tokens"
            found = f"{name}: {info.shape[0]} rows"
            findings.error("Vocabulary mismatch", checkpoint.files[name], expected, found)
    size = config.get("vocab_size")
    if type(size) is int and highest >= size:
        expected = f"at least {highest + 1}, the number of tokens"
        findings.error("Vocabulary mismatch", "config.json", expected, f"vocab_size {size}")


def _check_declared(findings: Findings, settings: dict[str, Any], tokens: dict[str, int]) -> None:
    """Compare tokenizer_config.json's own list of added tokens with the tokenizer."""
    declared = settings.get("added_tokens_decoder")
    for number, entry in declared.items() if isinstance(declared, dict) else ():
        word = entry.get("content") if isinstance(entry, dict) else None
        if isinstance(word, str) and str(tokens.get(word)) != number:
            expected = f"{printable(word, 40)} = {tokens.get(word)}"
            findings.error("Tokenizer files disagree", TOKENIZER_CONFIG, expected, f"= {number}")
    for key, value in settings.items():
        word = _token_text(value) if key.endswith("_token") else None
        if word and tokens and word not in tokens:
            found = f"{key} {word!r}"
            findings.error("Tokenizer files disagree", TOKENIZER_CONFIG, "a known token", found)


def _token_text(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _check_special_map(
    findings: Findings, settings: dict[str, Any], special: dict[str, Any]
) -> None:
    for key, value in special.items():
        first, second = _token_text(settings.get(key)), _token_text(value)
        if first is not None and second is not None and first != second:
            expected = f"{key} {first!r}, as in {TOKENIZER_CONFIG}"
            findings.error("Tokenizer files disagree", SPECIAL_MAP, expected, repr(second))


def _check_vocabulary_files(
    findings: Findings, folder: Path, vocabulary: dict[str, int], model: dict[str, Any]
) -> None:
    """Compare the older files, which slow tokenizers read, with tokenizer.json."""
    listed = _vocab_txt(folder / "vocab.txt")
    if model.get("type") in ("WordPiece", "WordLevel", None) and listed:
        _compare(findings, "vocab.txt", vocabulary, listed)
    listed = read_object(folder, "vocab.json", findings)
    if model.get("type") in ("BPE", "WordLevel") and listed:
        _compare(findings, "vocab.json", vocabulary, listed)
    merges, saved = _merges(model), _merges_txt(folder / "merges.txt")
    if saved and merges and saved != merges:
        pairs = zip(merges, saved, strict=False)
        place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(merges), len(saved)))
        expected = f"merge {place + 1}: {merges[place : place + 1]}"
        found = f"{saved[place : place + 1]}"
        findings.error("Tokenizer files disagree", "merges.txt", expected, found)


def _check_added_file(findings: Findings, folder: Path, tokens: dict[str, int]) -> None:
    """Compare `added_tokens.json`, which earlier versions of transformers write."""
    for word, number in read_object(folder, "added_tokens.json", findings).items():
        if tokens.get(word) != number:
            _report_number(findings, "added_tokens.json", word, tokens.get(word), number)


def _check_unknown_token(findings: Findings, model: dict[str, Any]) -> None:
    unknown = model.get("unk_token")
    if isinstance(unknown, str) and _is_word(unknown):
        expected = "an unknown token that no text contains"
        findings.error("Ordinary word as special token", TOKENIZER, expected, unknown)


def _check_truncation(findings: Findings, content: dict[str, Any]) -> None:
    truncation = content.get("truncation")
    longest = truncation.get("max_length") if isinstance(truncation, dict) else None
    if type(longest) is int and longest < SHORTEST_TEXT:
        expected = f"texts of at least {SHORTEST_TEXT} tokens"
        findings.error("Texts cut short", TOKENIZER, expected, f"cut to {longest}")


def _compare(
    findings: Findings, file: str, vocabulary: dict[str, int], listed: dict[str, Any]
) -> None:
    different = [word for word, number in listed.items() if vocabulary.get(word) != number]
    absent = [word for word in vocabulary if word not in listed]
    for word in [*different, *absent][:10]:
        _report_number(findings, file, word, vocabulary.get(word), listed.get(word))


def _report_number(
    findings: Findings, file: str, word: str, expected: int | None, found: object
) -> None:
    number = f"{printable(word, 40)} = {expected}, as in {TOKENIZER}"
    findings.error("Tokenizer files disagree", file, number, f"= {found}")


def _vocab_txt(path: Path) -> dict[str, int]:
    """Read one token a line; empty if there is no such file, or if it is no text."""
    lines = _lines(path)
    return {line: number for number, line in enumerate(lines)}


def _lines(path: Path) -> list[str]:
    if not path.is_file() or path.stat().st_size > VOCAB_LIMIT:
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.removesuffix("\n").split("\n")


def _merges_txt(path: Path) -> list[tuple[str, ...]]:
    lines = _lines(path)
    return [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]


def _merges(model: dict[str, Any]) -> list[tuple[str, ...]]:
    merges = model.get("merges")
    if not isinstance(merges, list):
        return []
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
    return [tuple(map(str, pair)) for pair in pairs if isinstance(pair, list)]


def _check_order(findings: Findings, model: dict[str, Any], vocabulary: dict[str, int]) -> None:
    """A trained BPE vocabulary numbers what it merges in the order of its merges."""
    joined = [(left + right) for left, right in (p for p in _merges(model) if len(p) == 2)]
    numbers = [vocabulary[word] for word in joined if word in vocabulary]
    if len(numbers) < len(joined):
        found = f"{len(joined) - len(numbers)} of {len(joined)} are not"
        findings.error("Vocabulary mismatch", TOKENIZER, "merged tokens in the vocabulary", found)
    odd = [place for place, (one, two) in enumerate(pairwise(numbers)) if two < one]
    if odd and len(odd) <= max(2, OUT_OF_ORDER * len(numbers)):
        found = f"{len(odd)} out of order, the first near {printable(joined[odd[0]], 40)}"
        findings.error("Vocabulary order", TOKENIZER, "numbers in the order of merges", found)


def _parts(value: object) -> Iterator[dict[str, Any]]:
    """Yield every step of a normalizer, pre-tokenizer or decoder, also inside sequences."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _check_rewriting(findings: Findings, content: dict[str, Any]) -> None:
    """Report steps that put words in place of others, or take words away."""
    for section in ("normalizer", "pre_tokenizer", "decoder"):
        for step in _parts(content.get(section)):
            kind = step.get("type")
            written = [step.get(key) for key in ("content", "prepend", "replacement")]
            texts = [text for text in written if isinstance(text, str)]
            if kind in ("Replace", "Split"):
                texts.append(_pattern_words(step.get("pattern"), drops=_drops(step)))
            words = [text for text in texts if _LETTERS.search(text)]
            if kind in ("Replace", "Prepend", "Split", "Metaspace") and words:
                expected = f"a {section} that keeps words as they are"
                found = f"{kind}: {step.get('pattern')} -> {step.get('content')}"
                findings.error("Tokenizer rewrites text", TOKENIZER, expected, found)


def _drops(step: dict[str, Any]) -> bool:
    return step.get("type") == "Replace" or step.get("behavior") == "Removed"


def _pattern_words(pattern: object, *, drops: bool) -> str:
    """Return the letters that a pattern looks for, where what it finds is dropped."""
    if not drops or not isinstance(pattern, dict):
        return ""
    if isinstance(pattern.get("Regex"), str):
        return _SYNTAX.sub(" ", pattern["Regex"])
    return pattern["String"] if isinstance(pattern.get("String"), str) else ""


def _check_template(findings: Findings, content: dict[str, Any], tokens: dict[str, int]) -> None:
    """Check that only special tokens are put around a text."""
    special = {
        entry.get("content")
        for entry in content.get("added_tokens") or []
        if isinstance(entry, dict) and entry.get("special")
    }
    for step in _parts(content.get("post_processor")):
        named = step.get("special_tokens")
        for entry in named.values() if isinstance(named, dict) else ():
            _check_template_token(findings, entry, special, tokens)


def _check_template_token(
    findings: Findings, entry: object, special: set[object], tokens: dict[str, int]
) -> None:
    words = entry.get("tokens") if isinstance(entry, dict) else None
    numbers = entry.get("ids") if isinstance(entry, dict) else None
    if not isinstance(words, list) or not isinstance(numbers, list):
        return
    for word, number in zip(words, numbers, strict=False):
        if tokens.get(word) != number:
            found = f"{printable(word, 40)} = {number}"
            findings.error("Vocabulary mismatch", TOKENIZER, f"{tokens.get(word)}", found)
        elif special and word not in special and _LETTERS.fullmatch(str(word)):
            expected = "special tokens around a text"
            findings.error("Tokenizer rewrites text", TOKENIZER, expected, f"adds {word}")
