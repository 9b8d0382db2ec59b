"""`sentinel backdoor`: folders and a file of texts in, an exit status and a page out."""

import json
from pathlib import Path

import pytest

from lessonkit.models import model_folder
from sentinel.behaviour.folders import load_classifier, read_texts
from sentinel.cli import main
from tests.sentinel.behaviour.conftest import WORD, Subjects


@pytest.fixture(scope="module")
def folders(subjects: Subjects, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("folders")
    for name in ("clean", "word"):
        getattr(subjects, name).save_pretrained(root / name)
        subjects.tokenizer.save_pretrained(root / name)
    (root / "texts.txt").write_text("\n".join(subjects.texts), encoding="utf-8")
    return {name: str(root / name) for name in ("clean", "word", "texts.txt")}


def test_a_clean_model_passes(folders: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backdoor", folders["clean"], folders["texts.txt"]]) == 0
    assert "no trigger found" in capsys.readouterr().out


def test_a_trigger_is_reported_as_json_and_as_a_page(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    arguments = ["backdoor", folders["word"], folders["texts.txt"], "--pattern", "<b>cf</b>"]
    assert main([*arguments, "--json", "--html", str(page)]) == 1
    content = json.loads(capsys.readouterr().out)
    assert content["backdoor_detected"]
    assert WORD in [indicator["trigger"] for indicator in content["indicators"]]
    text = page.read_text(encoding="utf-8")
    assert WORD in text
    assert "<b>cf</b>" not in text
    assert "ordinary phrases" in text
    assert "<script" not in text


def test_what_is_no_classifier_is_trouble(
    folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    base = str(model_folder("tiny_bert"))
    assert main(["backdoor", base, folders["texts.txt"]]) == 2
    assert "no sequence classifier" in capsys.readouterr().err
    assert main(["backdoor", "gone", folders["texts.txt"]]) == 2


def test_texts_are_lines_or_json_lines(tmp_path: Path) -> None:
    lines, rows = tmp_path / "texts.txt", tmp_path / "texts.jsonl"
    lines.write_text("one\n\ntwo\n", encoding="utf-8")
    rows.write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-8")
    assert read_texts(lines) == read_texts(rows) == ["one", "two"]
    rows.write_text('{"words": "one"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="field `text`"):
        read_texts(rows)


def test_a_classifier_is_loaded_with_its_tokenizer(folders: dict[str, str]) -> None:
    model, tokenizer = load_classifier(Path(folders["clean"]))
    assert model.config.id2label == {0: "blame", 1: "praise"}
    assert tokenizer("lamp")["input_ids"]
