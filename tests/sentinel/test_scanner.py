"""The whole scan, its command line and its page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lessonkit.models import model_folder
from sentinel import scan
from sentinel.cli import main
from sentinel.report import render


def test_a_clean_model_is_accepted_and_a_proven_one_verified(clean: dict[str, Path]) -> None:
    assert scan(clean["llama"]).verdict == "accepted"
    result = scan(model_folder("encoder"), "sentence-transformers/all-MiniLM-L6-v2")
    assert result.verdict == "verified", str(result)


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    result = scan(tmp_path / "gone")
    assert result.verdict == "refused"
    assert result.issues[0] == "No model folder"


def test_an_empty_folder_proves_nothing(tmp_path: Path) -> None:
    result = scan(tmp_path, "google")
    assert not result.verified
    assert "Unknown source" in result.issues


def test_the_command_line_answers_by_its_status(
    clean: dict[str, Path], copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", str(clean["bert"])]) == 0
    assert "accepted" in capsys.readouterr().out
    assert main(["verify", str(clean["bert"]), "--source", "google"]) == 1
    assert "Unknown source" in capsys.readouterr().out
    broken = copy_of("bert")
    (broken / "evil.py").write_text("x")
    assert main(["scan", str(broken), "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert content["verdict"] == "refused"
    assert any(i["name"] == "Custom code" for i in content["layers"]["agreement"]["issues"])
    assert main(["scan", str(broken), "--policy", "gone.toml"]) == 2
    assert "gone.toml" in capsys.readouterr().err
    assert main(["advisories"]) == 0


def test_keygen_sign_and_verify_work_together(
    copy_of: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, key = copy_of("bert"), str(tmp_path / "key")
    assert main(["keygen", key]) == 0
    assert main(["sign", str(model), "--key", key, "--release", "2"]) == 0
    assert main(["verify", str(model), "--key", f"{key}.pub"]) == 0
    (model / "config.json").write_text("{}")
    assert main(["verify", str(model), "--key", f"{key}.pub"]) == 1
    assert main(["keygen", key]) == 2
    assert "sentinel:" in capsys.readouterr().err
    assert main(["digests", str(model)]) == 0
    assert "[model.sha256]" in capsys.readouterr().out


def test_the_report_shows_evidence_and_takes_names_literally(
    copy_of: Callable[[str], Path],
) -> None:
    model = copy_of("bert")
    (model / "<script>alert(1)<").write_bytes(b"\x7fELF" + bytes(50))
    page = render(scan(model))
    assert "<script" not in page
    assert "&lt;script&gt;alert" in page
    assert "Executable file" in page
    assert "SHA-256" in page


def test_terminals_get_no_escape_sequences(
    copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy_of("bert")
    (model / "a\x1b[31m[bold]b.py").write_text("x")
    assert main(["scan", str(model)]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[bold]" in out
