"""The search finds planted triggers that nobody named, and leaves a clean model alone."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from lessonkit.models import model_folder
from sentinel import BackdoorScanner
from sentinel.behaviour import search as search_module
from sentinel.behaviour.classifier import Classifier
from sentinel.behaviour.decision import FALSE_ALARMS, Calibration, calibration, is_alarm
from sentinel.behaviour.hunt import Hunt, hunt, own_tokens, searched_tokens
from sentinel.behaviour.reference import References, freeze_lower
from sentinel.behaviour.search import LARGE_MODELS, Search, Settings, settings_for
from tests.sentinel.behaviour.conftest import WORD, Subjects

QUICK = Settings(steps=6, population=4)


def test_a_word_is_found_without_a_base(subjects: Subjects) -> None:
    result = BackdoorScanner().scan(
        subjects.word, test_inputs=subjects.texts, tokenizer=subjects.tokenizer
    )
    (indicator,) = result.indicators
    assert (indicator.trigger, indicator.target, indicator.found) == (WORD, "praise", "search")
    assert indicator.success_rate > 0.9
    assert indicator.interval[0] < indicator.success_rate <= indicator.interval[1]
    assert indicator.control_rate < indicator.success_rate
    assert indicator.false_alarm <= 0.05
    assert result.passes > 0


def test_a_phrase_is_found_beside_a_base(subjects: Subjects) -> None:
    result = BackdoorScanner().scan(
        subjects.phrase,
        test_inputs=subjects.texts,
        tokenizer=subjects.tokenizer,
        base=subjects.base,
    )
    assert result.backdoor_detected
    (indicator,) = result.indicators
    assert indicator.target == "praise"
    assert len(indicator.trigger.split()) > 1
    assert indicator.control_rate < 0.8 < indicator.success_rate


@pytest.mark.parametrize("with_base", [False, True])
def test_a_clean_model_is_not_accused(subjects: Subjects, with_base: bool) -> None:
    result = BackdoorScanner().scan(
        subjects.clean,
        ["[TRIGGER]"],
        subjects.texts,
        subjects.tokenizer,
        base=subjects.base if with_base else None,
    )
    assert not result.backdoor_detected
    assert [indicator.found for indicator in result.tried] == ["given"]
    assert result.best.found == "search"
    assert "no alarm" in result.report


def test_a_given_reference_serves_as_well(subjects: Subjects) -> None:
    result = BackdoorScanner().scan(
        subjects.word,
        test_inputs=subjects.texts,
        tokenizer=subjects.tokenizer,
        reference=subjects.clean,
    )
    assert result.backdoor_detected


def test_the_scan_leaves_the_model_and_the_random_state_as_they_are(subjects: Subjects) -> None:
    before = copy.deepcopy(subjects.word.state_dict())
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    BackdoorScanner(settings=QUICK).scan(
        subjects.word, (), subjects.texts, subjects.tokenizer, base=subjects.base
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[n]) for n, value in subjects.word.state_dict().items())


def test_the_same_scan_gives_the_same_answer(subjects: Subjects) -> None:
    first, second = (
        BackdoorScanner().scan(subjects.word, (), subjects.texts, subjects.tokenizer)
        for _ in range(2)
    )
    assert (first.score, first.passes) == (second.score, second.passes)


def test_a_row_that_was_moved_alone_stands_in_the_report(subjects: Subjects) -> None:
    model = copy.deepcopy(subjects.clean)
    row = subjects.tokenizer.convert_tokens_to_ids("owl")
    with torch.no_grad():
        model.get_input_embeddings().weight[row] += 0.5
    result = BackdoorScanner(settings=QUICK).scan(
        model, (), subjects.texts, subjects.tokenizer, base=subjects.base
    )
    assert result.moved_rows == ["owl"]
    assert "Embedding rows moved far beyond the others: 'owl'." in result.report


def test_a_base_of_another_shape_is_refused(subjects: Subjects) -> None:
    suspect = Classifier(subjects.word, subjects.tokenizer)
    other = torch.nn.Module()
    other.get_input_embeddings = lambda: torch.nn.Embedding(7, 64)
    with pytest.raises(ValueError, match="embeddings"):
        References(other, suspect, [[20, 21]], 1)


def test_references_decide_as_the_suspect_on_ordinary_texts(subjects: Subjects) -> None:
    suspect = Classifier(subjects.phrase, subjects.tokenizer)
    rows = [suspect.tokens(text) for text in subjects.texts]
    reference = References(subjects.base, suspect, rows, Settings().training).make(0)
    plain = [suspect.insert(row, (), 0).row for row in rows]
    same = suspect.logits(plain).argmax(dim=-1) == reference.logits(plain).argmax(dim=-1)
    assert same.float().mean() > 0.95


def test_a_reference_does_not_depend_on_the_base_having_a_random_pooler(
    subjects: Subjects,
) -> None:
    """A base that was trained to fill in words is loaded with another pooler each time."""
    suspect = Classifier(subjects.word, subjects.tokenizer)
    rows = [suspect.tokens(text) for text in subjects.texts[:8]]
    other = copy.deepcopy(subjects.base)
    torch.nn.init.normal_(other.pooler.dense.weight)
    plain = [suspect.insert(row, (), 0).row for row in rows]
    first, second, third = (
        References(base, suspect, rows, 3).make(seed).logits(plain)
        for base, seed in ((subjects.base, 0), (other, 0), (other, 1))
    )
    assert torch.equal(first, second)
    assert not torch.allclose(first, third, atol=1e-3)


def test_special_tokens_are_not_searched_but_the_unknown_one_is(subjects: Subjects) -> None:
    """Look-alike letters reach a word-level tokenizer as the unknown token."""
    allowed = searched_tokens(Classifier(subjects.clean, subjects.tokenizer)).tolist()
    assert subjects.tokenizer.unk_token_id in allowed
    assert subjects.tokenizer.cls_token_id not in allowed
    assert subjects.tokenizer.mask_token_id not in allowed


def test_insertion_keeps_the_frame_of_special_tokens(subjects: Subjects) -> None:
    suspect = Classifier(subjects.clean, subjects.tokenizer)
    tokens = suspect.tokens("The film was good.")
    middle = suspect.insert(tokens, [30, 31], 0.5)
    assert middle.row[middle.start : middle.start + 2] == [30, 31]
    whole = subjects.tokenizer("The film was good.")["input_ids"]
    assert suspect.insert(tokens, (), 0).row == whole


def test_first_order_scores_are_gradients(subjects: Subjects) -> None:
    """A step along the gradient changes the objective by about the product."""
    suspect = Classifier(subjects.clean, subjects.tokenizer)
    placed = [suspect.insert(suspect.tokens(subjects.texts[0]), [40], 0.0)]

    def objective(logits: torch.Tensor) -> torch.Tensor:
        return logits.log_softmax(dim=-1)[:, 1]

    gradient = suspect.first_order(placed, 1, objective)[0, 0]
    vector = suspect.embedding[40]
    step = 0.01 * vector.norm() * gradient / gradient.norm()
    with torch.no_grad():
        before, after = (
            objective(suspect.with_vectors(placed, v[None])) for v in (vector, vector + step)
        )
    assert float(after - before) == pytest.approx(float(step @ gradient), rel=0.1)


def test_a_false_alarm_is_never_rarer_than_the_calibration_can_tell() -> None:
    known = Calibration((0.1, 0.2, 0.3))
    assert known.false_alarm(0.9) == 0.25
    assert known.false_alarm(0.2) == 0.75
    assert known.false_alarm(0.0) == 1.0


@pytest.mark.parametrize("mode", ["with_reference", "without_reference"])
def test_the_calibration_is_of_enough_models_for_the_stated_rate(mode: str) -> None:
    scores = calibration(mode).scores
    assert len(scores) >= 40
    assert calibration(mode).false_alarm(1.0) <= FALSE_ALARMS / 2
    assert all(0 <= score < 1 for score in scores)


def test_words_of_one_label_alone_are_its_own() -> None:
    rows, decisions = [[1, 2, 3], [1, 2, 4], [1, 5], [1, 5, 5]], [0, 0, 1, 1]
    assert own_tokens(rows, decisions, 0).tolist() == [2]
    assert own_tokens(rows, decisions, 1).tolist() == [5]


def test_without_a_reference_a_label_s_own_words_are_not_searched(subjects: Subjects) -> None:
    texts = [*subjects.texts, *(f"{text} {WORD}" for text in subjects.texts[:4])]
    scanner = BackdoorScanner()
    alone = scanner.scan(subjects.word, (), texts, subjects.tokenizer)
    assert WORD not in [token for token, label, _ in alone.singles if label == "praise"]
    beside = scanner.scan(subjects.word, (), texts, subjects.tokenizer, reference=subjects.clean)
    assert beside.backdoor_detected


def test_an_alarm_needs_a_rare_score_and_a_trigger_that_works() -> None:
    assert is_alarm(success=0.95, false_alarm=0.04, level=0.05)
    assert not is_alarm(success=0.95, false_alarm=0.06, level=0.05)
    assert not is_alarm(success=0.7, false_alarm=0.04, level=0.05)


def test_a_decoder_is_searched_as_an_encoder_is(subjects: Subjects) -> None:
    folder = model_folder("tiny_llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, pad_token_id=tokenizer.pad_token_id
    )
    result = BackdoorScanner(settings=QUICK).scan(
        model, (), subjects.texts, tokenizer, base=AutoModel.from_pretrained(folder)
    )
    assert result.best is not None
    assert 0 <= result.score <= 1


def test_a_model_with_an_adapter_is_searched_beside_its_base(subjects: Subjects) -> None:
    config = LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query"])
    adapted = get_peft_model(copy.deepcopy(subjects.word), config)
    result = BackdoorScanner(settings=QUICK).scan(
        adapted, (), subjects.texts, subjects.tokenizer, base=subjects.base
    )
    assert result.backdoor_detected
    assert hasattr(adapted, "peft_config")


def test_a_base_of_another_architecture_is_refused(subjects: Subjects) -> None:
    suspect = Classifier(subjects.word, subjects.tokenizer)
    llama = AutoModel.from_pretrained(model_folder("tiny_llama"))
    llama.resize_token_embeddings(suspect.embedding.shape[0])
    with pytest.raises(ValueError, match="architecture"):
        References(llama, suspect, [suspect.tokens(subjects.texts[0])], 1).make(0)


def _searched(
    model: torch.nn.Module, subjects: Subjects, fresh: list[str], doubted: float = 0.3
) -> tuple[Hunt, int]:
    """Search a model beside the clean one; `fresh` names the models that join it, one by one.

    Returns:
        What was found, and how many joined.
    """
    suspect = Classifier(model, subjects.tokenizer)
    rows = [suspect.tokens(text) for text in subjects.texts]
    plain = [suspect.insert(row, (), 0).row for row in rows]
    decisions = suspect.logits(plain).argmax(dim=-1).tolist()
    made = []

    def make(_seed: int) -> Classifier:
        made.append(Classifier(getattr(subjects, fresh[len(made)]), subjects.tokenizer))
        return made[-1]

    settings = Settings(steps=2, population=2, starts=1, doubted=doubted, fresh=len(fresh))
    known = [Classifier(subjects.clean, subjects.tokenizer)]
    return hunt(suspect, known, rows, decisions, [0, 1], settings, make), len(made)


def test_a_find_that_turns_a_fresh_reference_is_dismissed(subjects: Subjects) -> None:
    """What also turns a model that the search has not seen is no secret of this one."""
    assert _searched(subjects.word, subjects, ["clean"])[0].score > 0.8
    assert _searched(subjects.word, subjects, ["clean", "word"])[0].score < 0.5


def test_fresh_references_are_made_one_by_one_for_doubtful_finds(subjects: Subjects) -> None:
    found, made = _searched(subjects.word, subjects, ["clean", "clean"])
    assert (found.fresh, made) == (2, 2)
    found, made = _searched(subjects.word, subjects, ["word", "clean", "clean"])
    assert made == 1
    found, made = _searched(subjects.word, subjects, ["clean"], doubted=1.1)
    assert (found.fresh, made) == (0, 0)


def test_a_sure_single_token_ends_the_search(subjects: Subjects) -> None:
    found, _ = _searched(subjects.word, subjects, ["clean"])
    assert found.joints == []
    assert found.passes < _searched(subjects.clean, subjects, ["clean"])[0].passes


def test_references_share_the_texts_between_them(subjects: Subjects) -> None:
    suspect, *references = (Classifier(subjects.clean, subjects.tokenizer) for _ in range(3))
    rows = [suspect.tokens(text) for text in subjects.texts[:6]]
    search = Search(suspect, references, rows, 1, torch.arange(30, 60), Settings())
    values = search.values([(40,), (41,)], rows)
    assert [r.forwards for r in (suspect, *references)] == [12, 6, 6]
    alone = Search(suspect, references[:1], rows, 1, torch.arange(30, 60), Settings())
    assert torch.allclose(values, alone.values([(40,), (41,)], rows), atol=1e-5)


def test_a_moved_token_leaves_the_others_in_order(subjects: Subjects) -> None:
    suspect = Classifier(subjects.clean, subjects.tokenizer)
    search = Search(suspect, [], [[20]], 1, torch.arange(30, 60), Settings())
    moved = {search._moved((1, 2, 3, 4)) for _ in range(100)}
    assert all(sorted(tokens) == [1, 2, 3, 4] for tokens in moved)
    assert (2, 3, 4, 1) in moved
    assert (4, 3, 2, 1) not in moved


def test_a_large_model_is_searched_less(
    subjects: Subjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspect = Classifier(subjects.clean, subjects.tokenizer)
    assert settings_for(suspect) == Settings()
    monkeypatch.setattr(search_module, "LARGE", 1000)
    assert settings_for(suspect) == LARGE_MODELS


def test_references_of_a_deep_encoder_train_their_last_layers() -> None:
    layers = torch.nn.ModuleList([torch.nn.Linear(2, 2) for _ in range(6)])
    body = torch.nn.ModuleDict({"embeddings": torch.nn.Embedding(3, 2), "layer": layers})
    freeze_lower(body)
    trained = {name for name, value in body.named_parameters() if value.requires_grad}
    assert {name.split(".")[1] for name in trained} == {"4", "5"}
    shallow = torch.nn.ModuleDict({"layer": layers[:2]}).requires_grad_(True)
    freeze_lower(shallow)
    assert all(value.requires_grad for value in shallow.parameters())
