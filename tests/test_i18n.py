"""Words, numbers and dates in the user's language."""

from __future__ import annotations

import datetime as dt
import string

import numpy as np
import pytest
from babel.messages.pofile import read_po

from planning.errors import ConfigError, Names, msg
from planning.i18n import LANGUAGES, get_translator
from planning.i18n.terms import TERMS, term

ZH, EN = get_translator("zh"), get_translator("en")


def test_a_sentence_without_translation_stays_english():
    assert EN("No such sentence {n}", n=3) == "No such sentence 3"
    assert ZH("No such sentence {n}", n=3) == "No such sentence 3"


def test_numbers_dates_and_shares():
    assert EN.number(1234.5, 1) == "1,234.5"
    assert EN.number(None) == EN.number(float("nan")) == "–"
    assert EN.number(float("inf")) == "∞"
    assert EN.percent(0.935) == "93.5%"
    assert ZH.percent(None) == "–"
    assert EN.number(np.float32(2.0)) == "2"
    assert ZH.date(dt.date(2026, 11, 22)) == "2026年11月22日"
    assert "2026" in EN.date(dt.date(2026, 11, 22))


@pytest.mark.parametrize(("value", "digits", "shown"), [(-0.04, 1, "0.0"), (-0.05, 1, "0.0"), (-0.051, 1, "\u22120.1"), (0.04, 1, "0.0"), (-0.4, 0, "0"), (-0.0, 0, "0"), (-1.0, 0, "\u22121")])  # fmt: skip
def test_what_is_rounded_to_nothing_has_no_sign(value, digits, shown):
    assert EN.number(value, digits) == ZH.number(value, digits) == shown
    assert EN.percent(value / 100, digits) == ZH.percent(value / 100, digits) == f"{shown}%"


@pytest.mark.parametrize(
    ("sentence", "n", "said"),
    [
        ("{n} schools", 1, "1 school"),
        ("{n} schools", "1", "1 school"),
        ("{n} schools", 0, "0 schools"),
        ("{n} schools", "1.0", "1.0 schools"),
        ("{n} schools", "11", "11 schools"),
        ("{n} more buses have shorter rides", 1, "1 more bus has shorter rides"),
        ("{n} pupils who live here find no seats", 1, "1 pupil who lives here find no seats"),
        ("{n} cells that are far, {n} children.", 1, "1 cell that is far, 1 child."),
        ("Of {n} schoolsyards {n} is", 1, "Of 1 schoolsyards 1 is"),
    ],
)
def test_one_is_said_in_the_singular(sentence, n, said):
    assert EN(sentence, n=n) == said
    assert ZH(sentence + "!", n=n) == (sentence + "!").format(n=n)  # no catalogue has it: nothing of English is bent


def test_names_stand_side_by_side_with_the_comma_of_the_language():
    told = msg(
        "No site reaches cell {cells}: {pupils} pupils are left out of the question.",
        cells=Names(["甲村", "乙村"]),
        pupils=3,
    )
    assert EN.message(told) == str(told) == "No site reaches cell 甲村, 乙村: 3 pupils are left out of the question."
    assert "甲村、乙村" in ZH.message(told)


def test_large_numbers_in_sentences_are_grouped_and_years_are_not():
    t = get_translator("en")
    said = t(
        "{a} of {b:.0f} in {year}: {c:+.1f}, {d}, {e}", a=12345, b=301501.4, year=2035, c=12345.6, d=True, e="99999"
    )
    assert said == "12,345 of 301,501 in 2035: +12345.6, True, 99999"
    assert t("{n} {x}", n=float("nan"), x=-10000) == "nan -10,000"


def test_messages_inside_messages_are_put_into_words():
    error = ConfigError(msg("{n} faults", n=1), [msg("{column}: {expected}", column="a", expected=msg("wrong"))])
    assert EN.error(error) == "1 fault\n  a: wrong"


def test_translators_are_shared_and_stateless():
    assert get_translator("zh") is ZH
    assert [get_translator(language).language for language in LANGUAGES] == ["zh", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_label_and_names_pass_through(language):
    t = get_translator(language)
    assert all(term(t, code) for code in TERMS)
    assert term(t, "第一小学") == "第一小学"
    assert term(EN, "primary_lower") == "Grades 1-3"


def test_parts_of_the_catalogue_keep_the_places_and_agree(root):
    seen: dict[str, tuple[str, str]] = {}
    for part in sorted((root / "planning/i18n/zh").glob("*.po")):
        with part.open("rb") as stream:
            for entry in read_po(stream, locale="zh_CN", abort_invalid=True):
                if not entry.id:
                    continue
                assert entry.string, (part.name, entry.id)
                names = [
                    sorted(name for _, name, _, _ in string.Formatter().parse(str(text)) if name is not None)
                    for text in (entry.id, entry.string)
                ]
                assert names[0] == names[1], (part.name, entry.id)
                seen.setdefault(str(entry.id), (part.name, str(entry.string)))
