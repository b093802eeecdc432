"""Names on a map."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from planning.report.labels import LETTER, place_labels

SIZE = (1100.0, 900.0)
PLACES = st.lists(
    st.tuples(st.floats(0, 1100), st.floats(0, 900), st.text("镇乡村ab ", min_size=1, max_size=12)), max_size=25
)


@given(PLACES, PLACES)
@settings(max_examples=60, deadline=None)
def test_no_name_covers_another_or_leaves_the_map(sites, townships) -> None:
    boxes = []
    for label in place_labels(sites, townships, size=SIZE):
        high = LETTER[label.kind]
        half = sum(1 if letter > "\u2e80" else 0.58 for letter in label.text) * high / 2
        boxes.append((label.x - half, label.y - 0.9 * high, label.x + half, label.y + 0.2 * high))
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0 and right <= SIZE[0] and top >= 0 and bottom <= SIZE[1]  # noqa: PT018
        for other in boxes[:number]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_a_name_alone_stands_by_its_place() -> None:
    (label,) = place_labels([], [(500, 400, "城关镇")], size=SIZE)
    assert (label.x, label.text, label.kind) == (500, "城关镇", "township")
    assert abs(label.y - 400) < 20


def test_a_proposed_site_comes_before_a_township() -> None:
    labels = place_labels([(500, 400, "新校")], [(500, 380, "城关镇")], size=SIZE)
    assert [label.kind for label in labels] == ["site", "township"]


def test_where_there_is_no_room_a_name_is_left_out() -> None:
    labels = place_labels([], [(500, 400, "城关镇")] * 40, size=SIZE)
    assert 1 <= len(labels) < 40


def test_a_long_name_is_cut_and_an_empty_one_left_out() -> None:
    (label,) = place_labels([(500, 400, "长" * 40), (300, 300, "  ")], [], size=SIZE)
    assert label.text == "长" * 15 + "…"


def test_a_name_keeps_off_schools() -> None:
    (label,) = place_labels([], [(500, 400, "城关镇")], spots=[(500, 400)], size=SIZE)
    assert abs(label.y - 400) > 15 or abs(label.x - 500) > 30
