from sentinel.findings import Findings, Issue, Severity, printable


def test_issues_print_and_compare_as_their_names() -> None:
    issue = Issue("Signature mismatch", file="config.json", expected="aa", found="bb")
    assert issue in ["Signature mismatch"]
    assert f"{[issue]}" == "['Signature mismatch']"
    assert issue.to_dict()["found"] == "bb"


def test_text_of_strangers_cannot_write_to_a_terminal_or_fill_a_report() -> None:
    assert printable("\x1b[31mred\u202e") == "\\x1b[31mred\\u202e"
    assert len(printable("x" * 10_000)) == 200
    assert printable("\udc80") == "\\udc80"


def test_only_errors_refuse() -> None:
    findings = Findings()
    findings.note("A")
    findings.warn("B")
    findings.error("C")
    assert findings.errors == ["C"]
    assert [issue.severity for issue in findings] == [
        Severity.NOTE,
        Severity.WARNING,
        Severity.ERROR,
    ]
