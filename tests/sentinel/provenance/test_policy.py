from pathlib import Path

import pytest

from sentinel.provenance.policy import PolicyError, read_policy


@pytest.mark.parametrize(
    ("name", "imitated"),
    [
        ("Meta-Llama", "meta-llama"),
        ("meta-lIama", "meta-llama"),
        ("m\u0435ta-llama", "meta-llama"),  # a Cyrillic e
        ("rneta-llama", "meta-llama"),
        ("meta_llama", "meta-llama"),
        ("meta-lama", "meta-llama"),
        ("g00gle", "google"),
        ("go\u03bfgle", "google"),  # a Greek omicron
        ("\uff47oogle", "google"),  # a full-width g
        ("micro\u200bsoft", "microsoft"),  # an invisible space
        ("mistrala1", "mistralai"),
        ("fcaebook", "facebook"),
        ("bigcsience", "bigscience"),
    ],
)
def test_look_alikes_are_named(name: str, imitated: str) -> None:
    assert read_policy().imitated_by(name) == imitated


def test_a_slip_that_changes_the_look_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[[source]]\nnamespace = "fernwood-labs"\n')
    assert read_policy(path).imitated_by("frenwood-labs") == "fernwood-labs"  # rn looks like m


@pytest.mark.parametrize("name", ["meta-llama", "google", "somebody", "my-lab", "facebookresearch"])
def test_known_and_other_names_are_no_look_alikes(name: str) -> None:
    assert read_policy().imitated_by(name) is None


def test_a_policy_can_add_to_the_default(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "default"\n[licenses]\nforbidden = ["mit"]\n[[source]]\nnamespace = "mine"\n'
    )
    policy = read_policy(path)
    assert {"mine", "google"} <= set(policy.sources)
    assert "mit" in policy.forbidden_licenses
    assert "mit" not in policy.allowed_licenses


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[source]]\nname = 'x'", "needs a namespace"),
        ("[[source]]\nnamespace = 'x'\nkey = 'y'", "key"),
        ("extends = 'other'", "default"),
        ("[[source]]\nnamespace = 'x'\nkeys = ['gone.pub']", "cannot be read"),
        ("[[source]]\nnamespace = 'x'\ncertificates = [{identity = 'a'}]", "authority"),
        ("nonsense", "not a policy"),
    ],
)
def test_mistakes_in_a_policy_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=said):
        read_policy(path)
