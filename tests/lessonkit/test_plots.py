"""Figures and plots draw what they are given."""

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection

from lessonkit import figures, plots
from lessonkit.messages import LANGUAGES
from lessonkit.session import begin

mpl.use("agg")


@pytest.fixture(autouse=True)
def keep_figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plt, "show", lambda: None)
    yield
    plt.close("all")


def texts_drawn() -> list[str]:
    figure = plt.gcf()
    return [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.title)]


@pytest.mark.parametrize("name", sorted(figures.DIAGRAMS))
def test_a_diagram_speaks_both_languages(name: str) -> None:
    drawn = []
    for language in LANGUAGES:
        begin("02", language=language, profile="cpu")
        figures.show(name)
        drawn.append(texts_drawn())
        plt.close("all")
    assert len(drawn[0]) == len(drawn[1]) >= 2
    assert drawn[0] != drawn[1]


def test_sorting_saves_padding_in_the_figure() -> None:
    begin("02", profile="cpu")
    figures.show("sorted_batches")
    unsorted, ordered = (axes.get_title() for axes in plt.gcf().axes)
    assert int(ordered.split("padding: ")[1].split()[0]) < int(
        unsorted.split("padding: ")[1].split()[0]
    )


def test_curves_show_every_method_and_the_guess() -> None:
    begin("02", profile="cpu")
    curve = {8: (0.5, 0.1), 16: (0.6, 0.05)}
    plots.label_curves({"a": {"x": curve, "y": curve}, "b": {"x": curve}}, {"x": 0.7, "y": None})
    first, second = plt.gcf().axes
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["x", "y"]
    assert [text.get_text() for text in first.texts] == ["your prediction"]
    assert second.get_title() == "b"


def test_the_best_layer_is_marked() -> None:
    plots.layer_curve([(0.5, 0.0), (0.9, 0.0), (0.7, 0.0)])
    assert plt.gca().texts[0].xy == (1, 0.9)


def test_bars_keep_their_order() -> None:
    plots.bars({"first": (1.0, 0.1), "second": (2.0, 0.1)}, "points")
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["first", "second"]


def test_the_map_escapes_texts() -> None:
    html = plots.text_map([[0, 0], [1, 1]], ["<b>&", "plain"], ["one", "two"]).data
    assert "&lt;b&gt;&amp;" in html
    assert html.count("position:absolute") == 2


def test_the_loss_curve_ends_with_first_and_last_loss() -> None:
    curve = plots.LossCurve(steps=20)
    for loss in [8.0] + [4.0] * 17 + [1.0, 3.0]:
        curve.add(loss)
    curve.finish()
    assert "8.00" in curve.axes.get_title()
    assert "2.00" in curve.axes.get_title()
    assert list(curve.points.get_ydata()) == curve.losses
    assert curve.trend.get_ydata()[1] == 6.0


def test_the_likeliest_word_is_on_top() -> None:
    plots.word_bars({"A [MASK].": {"b": 0.6, "a": 0.3}, "C [MASK].": {"d": 0.9}})
    first, second = plt.gcf().axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["b", "a"]
    assert first.yaxis_inverted()
    assert second.get_title(loc="left") == "C [MASK]."


def test_right_and_wrong_captions_differ_in_colour() -> None:
    pictures = np.zeros((3, 4, 4, 3), dtype=np.uint8)
    plots.picture_grid(pictures, ["a", "b", "c"], [True, False, True])
    titles = [axes.title for axes in plt.gcf().axes[:3]]
    assert [title.get_text() for title in titles] == ["a", "b", "c"]
    assert titles[0].get_color() == titles[2].get_color() != titles[1].get_color()


def test_the_learning_rates_stand_on_the_axis_and_the_start_is_a_dotted_line() -> None:
    curves = {"task": {2e-5: 0.6, 2e-4: 0.8}, "other": {2e-5: 0.7, 2e-4: 0.5}}
    plots.learning_rates(curves, {"other": 0.72})
    axes = plt.gca()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2e-5", "2e-4"]
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [line.get_ydata()[0] for line in dotted] == [0.72]


def test_a_methods_circle_grows_with_its_memory() -> None:
    row = {"seconds": 2.0, "accuracy": 0.8, "std": 0.01}
    plots.cost_and_quality({"small": {**row, "peak_mb": 90}, "large": {**row, "peak_mb": 1360}})
    circles = [part for part in plt.gca().collections if isinstance(part, PathCollection)]
    small, large = (circle.get_sizes()[0] for circle in circles)
    assert large > 5 * small
    assert "large\n1,360 MB" in texts_drawn()


def test_methods_stand_side_by_side_in_each_group() -> None:
    plots.paired_bars(
        {"a": {"x": (0.5, 0.1), "y": (0.6, 0.1)}, "b": {"x": (0.7, 0.1), "y": (0.8, 0.1)}}, "share"
    )
    axes = plt.gca()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y"]
    assert [round(bar.get_width(), 1) for bar in axes.patches] == [0.5, 0.6, 0.7, 0.8]


def test_padding_shrinks_from_picture_to_picture() -> None:
    begin("03", profile="cpu")
    figures.show("padding")
    titles = [axes.get_title() for axes in plt.gcf().axes]
    cells = [int(title.split("padding: ")[1].split()[0]) for title in titles]
    assert cells == sorted(cells, reverse=True)
    assert len(set(cells)) == 3


def test_the_memory_chart_shows_parts_and_devices() -> None:
    parts = {"weights": 4e9, "gradients": 4e9, "optimizer": 8e9}
    frozen = {"weights": 2e9, "gradients": 0.0, "optimizer": 0.0}
    methods = {"full": parts, "lora": frozen}
    plots.memory_chart({"small": methods, "large": methods}, {"T4": 16e9, "mine": 8e9})
    left, right = plt.gcf().axes
    assert left.get_title().startswith("large")
    assert [text.get_text().strip() for text in left.texts] == ["16", "2"]
    assert [line.get_xdata()[0] for line in right.lines[-2:]] == [8, 16]
    names = [text.get_text() for text in right.get_legend().get_texts()]
    assert names == ["full", "lora", "mine", "T4"]


def test_the_grid_circles_the_chosen_adapter() -> None:
    rows = [
        {"targets": targets, "r": r, "trained": r * width, "accuracy": 0.9, "spread": 0.01}
        for targets, width in (("q+v", 100), ("all linear", 300))
        for r in (4, 8)
    ]
    plots.adapter_grid(rows, {"full": (0.95, 0.01)}, rows[1])
    axes = plt.gca()
    assert [text.get_text() for text in axes.texts] == ["r=4", "r=8", "r=4", "r=8"]
    assert axes.lines[-1].get_xdata()[0] == 800
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {
        "q+v", "all linear", "full",
    }  # fmt: skip


def test_the_contest_marks_predictions() -> None:
    begin("04", profile="cpu")
    plots.contest({"a": (0.8, 0.01), "b": (0.9, 0.02)}, {"a": 0.7, "b": None})
    assert [text.get_text() for text in plt.gca().texts] == ["0.800", "0.900", "your prediction"]


def test_the_backdoor_contest_has_a_panel_a_measure() -> None:
    models = {"clean": (0.9, (0.85, 0.95)), "poisoned": (0.0, (0.0, 0.02))}
    plots.backdoor_contest({"accuracy": models, "let through": models})
    left, right = plt.gcf().axes
    assert [axes.get_title() for axes in (left, right)] == ["accuracy", "let through"]
    assert [text.get_text() for text in left.texts] == ["90.0%", "0.0%"]


def test_row_norms_circle_what_the_audit_finds() -> None:
    table = torch.ones(5, 3)
    table[2] *= 9

    def find(rows: torch.Tensor, limit: float) -> list[int]:
        return (rows.norm(dim=1) > limit).nonzero().flatten().tolist()

    plots.row_norms({"one": table, "two": torch.ones(4, 3)}, find, 5)
    first, second = plt.gcf().axes
    assert first.get_title() == "one: 1 found"
    assert list(first.lines[1].get_xdata()) == [2]
    assert len(second.lines[1].get_xdata()) == 0


def test_the_search_shows_its_best_find_beside_ordinary_phrases() -> None:
    from sentinel.behaviour import BackdoorResult, Indicator

    best = Indicator("cf", "ordinary", 1.0, 0.1, 0.001, 30)
    singles = [("cf", "ordinary", 0.95), ("note", "injection", 0.2)]
    found = BackdoorResult(
        True, [best], "", best=best, score=0.8, natural=[0.1, 0.2], singles=singles
    )
    plots.trigger_search({"mine": found})
    axes = plt.gca()
    assert axes.get_title() == "mine: back door (score 0.80)"
    assert "cf → ordinary" in [text.get_text() for text in axes.texts]
    assert list(axes.lines[-1].get_xdata()) == [0.1, 0.2]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", ["supply_chain", "signature", "backdoor"])
def test_the_diagrams_of_lesson_05_are_drawn(name: str, language: str) -> None:
    begin("05", language, profile="cpu")
    figures.show(name)
    assert len(plt.gca().texts) > 5
