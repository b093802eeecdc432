"""Messages carry a catalogue key and parameters; errors carry all faults and are the built-in they are a kind of."""

from __future__ import annotations

import pickle

import pytest

from planning import errors
from planning.errors import ConfigError, Message, Names, PlanningError, SetAside, SourceMissingError, msg


def test_a_message_fills_its_places_and_nests():
    inner = msg("row {n}", n=7)
    assert str(msg("{file}: {place}", file="a.xlsx", place=inner)) == "a.xlsx: row 7"
    assert msg("x {a}", a=1) == msg("x {a}", a=1)
    with pytest.raises(TypeError):
        msg("x {a}", a=1).params["a"] = 2  # type: ignore[index]


def test_an_error_says_all_its_faults():
    error = ConfigError(msg("{n} faults", n=2), [msg("one"), msg("two")])
    assert str(error) == "2 faults\n  one\n  two"
    assert error.faults == (Message("one"), Message("two"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ConfigError", ValueError), ("SchemaError", ValueError), ("SourceError", ValueError), ("SourceMissingError", FileNotFoundError),
     ("CrsError", ValueError), ("NetworkError", ValueError), ("InfeasibleError", ValueError)],
)  # fmt: skip
def test_every_error_is_the_built_in_it_is_a_kind_of(name, kind):
    error = getattr(errors, name)
    assert issubclass(error, PlanningError)
    assert issubclass(error, kind)


def test_a_missing_source_says_its_words():
    assert str(SourceMissingError(msg("gone"))) == "gone"


def test_a_set_aside_row_is_plain_data():
    item = SetAside("a.xlsx", "School", msg("why"), row=3)
    assert not item.kept
    assert pickle.loads(pickle.dumps(item.source)) == "a.xlsx"  # noqa: S301 - our own bytes


def test_the_first_of_many_names_with_an_ellipsis():
    assert Names.first(["A", "B"], 2) == Names(["A", "B"])
    assert str(Names.first((name for name in "ABC"), 2)) == "A, B, …"
    assert not Names.first([], 2)
