"""Shapes: captions tell the truth about pictures, held-out combinations stay out."""

import numpy as np
import pytest

from lessonkit import shapes
from lessonkit.shapes import HELD_OUT, SIDE, Shape, all_shapes, render, sample_pairs


def test_each_combination_is_in_training_or_held_out() -> None:
    known, unseen = set(all_shapes(held_out=False)), set(all_shapes(held_out=True))
    assert len(known) + len(unseen) == len(known | unseen) == 8 * 6 * 2 * 5
    assert {(shape.colour, shape.form) for shape in unseen} == HELD_OUT


def test_colours_and_forms_of_held_out_pairs_occur_in_training() -> None:
    known = all_shapes(held_out=False)
    assert {shape.colour for shape in known} == set(shapes.COLOURS)
    assert {shape.form for shape in known} == set(shapes.FORMS)


@pytest.mark.parametrize("form", shapes.FORMS)
@pytest.mark.parametrize("colour", shapes.COLOURS)
def test_a_picture_shows_its_colour(colour: str, form: str) -> None:
    picture = render(colour, form, "big", "in the middle").reshape(-1, 3)
    assert (picture == shapes.COLOURS[colour]).all(axis=1).sum() > 20


def test_forms_differ_from_each_other() -> None:
    pictures = [render("white", form, "big", "in the middle").astype(int) for form in shapes.FORMS]
    for i, first in enumerate(pictures):
        for second in pictures[i + 1 :]:
            assert (np.abs(first - second).max(axis=-1) > 100).sum() > 15


def test_place_and_size_are_where_the_caption_says() -> None:
    def lit(size: str, place: str) -> np.ndarray:
        return render("white", "circle", size, place).max(axis=-1) > 120

    assert lit("big", "in the middle").sum() > 2 * lit("small", "in the middle").sum()
    rows, columns = np.nonzero(lit("small", "at the top"))
    assert rows.mean() < SIDE / 3
    rows, columns = np.nonzero(lit("small", "on the right"))
    assert columns.mean() > 2 * SIDE / 3


def test_captions_use_the_right_article() -> None:
    orange = Shape("orange", "cross", "small", "at the top")
    assert orange.name == "an orange cross"
    assert orange.caption() == "a small orange cross at the top"


def test_pairs_repeat_with_the_generator() -> None:
    first, second = (sample_pairs(all_shapes(False), 6, np.random.default_rng(2)) for _ in range(2))
    assert first[1] == second[1]
    assert np.array_equal(first[0], second[0])
    assert first[0].shape == (6, SIDE, SIDE, 3)


def test_pixels_are_channels_first_between_minus_one_and_one() -> None:
    pixels = shapes.to_pixels(np.array([[[[0, 255, 51]]]], dtype=np.uint8))
    assert pixels.shape == (1, 3, 1, 1)
    assert pixels[0, :, 0, 0] == pytest.approx([-1, 1, -0.6])


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(ValueError, match="unknown form 'heart'"):
        render("red", "heart", "big", "at the top")
