"""The printed report: a first page in words, the report's own page, then what it rests on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from planning.errors import Tell, msg
from planning.i18n import Language, Translator, get_translator
from planning.i18n.terms import term
from planning.report.html import gap_in_words, report_page
from planning.report.printing.basis import assumption_blocks, basis_blocks, data_words
from planning.report.printing.blocks import (
    Block,
    Content,
    ContentsList,
    Figure,
    FigureRow,
    Heading,
    Notes,
    Paragraph,
    Piece,
    Words,
    words,
)
from planning.report.printing.page import blocks_of_page
from planning.report.printing.paper import set_paper
from planning.report.printing.pdf import to_pdf
from planning.report.printing.word import to_word
from planning.report.ways_to_school import ways_of
from planning.report.words import quantity
from planning.scenario.areas import nearest_catchments
from planning.scenario.off_road import off_road_notices

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer
    from planning.scenario.result import RunResult

__all__ = ["Format", "print_report", "report_content"]

Format = Literal["pdf", "docx"]
#: Width of a map that stands alone [share of the page].
_MAP_SHARE = 0.44
_MOST_NAMES = 6


def print_report(
    result: RunResult,
    *,
    format: Format = "pdf",  # noqa: A002 - the word of the command line
    language: Language | None = None,
    map_number: str = "",
    day: dt.date | None = None,
    tell: Tell | None = None,
) -> bytes:
    """
    Print the report of a run.

    Parameters
    ----------
    result : RunResult
        A finished run, or the county of a plan.
    format : str
        ``pdf`` or ``docx``.
    language : str, optional
        ``zh`` or ``en``; that of the project by default.
    map_number : str
        Number of the map review; without one the report says that it is for internal planning.
    day : datetime.date, optional
        Date of the report; today by default.
    tell : callable, optional
        Is told how far the work is.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    FontError
        If no font of this machine has Chinese.
    ConfigError
        If the map-review number cannot be one.
    """
    t = get_translator(language or result.county.project.language)
    title = t("School layout report")
    paper = set_paper(t.language, project=result.county.project.name, title=title, day=day, map_number=map_number)
    told = tell or (lambda share, doing: None)
    content = report_content(t, result, day=day, tell=lambda share, doing: told(0.75 * share, doing))
    told(0.75, msg("Setting the pages"))
    return to_pdf(content, paper) if format == "pdf" else to_word(content, paper)


def report_content(
    t: Translator, result: RunResult, *, day: dt.date | None = None, tell: Tell | None = None
) -> Content:
    """
    Say what the printed report holds.

    Parameters
    ----------
    t : Translator
        The language.
    result : RunResult
        A finished run, or the county of a plan.
    day : datetime.date, optional
        Date of the report; today by default.
    tell : callable, optional
        Is told how far the work is.

    Returns
    -------
    Content
        First page, the report's page, data, assumptions and documents.
    """
    told = tell or (lambda share, doing: None)
    county = result.county
    told(0.0, msg("Drawing the catchments"))
    drawn = {stage: {"nearest": nearest_catchments(county, state)} for stage, state in result.base.items()}
    told(0.2, msg("Laying the pupils on the roads"))
    ways = ways_of(result)
    told(0.3, msg("Writing the report"))
    page = report_page(
        t, result, drawn, notices=off_road_notices(county, result.base), ways=ways, day=day,
        tell=lambda share: told(0.3 + 0.6 * share, msg("Writing the report")),
    )  # fmt: skip
    source = data_words(t, county)
    blocks = [_on_paper(block, source, _MAP_SHARE) for block in _side_by_side(blocks_of_page(page, t))]
    return Content(
        title=county.project.name,
        subtitle=(t("School layout report"), f"{t.date(day or dt.date.today())} · {_program(t, result)}"),
        blocks=(
            *_summary(t, result),
            Heading(words(t("Contents")), level=2),
            ContentsList(),
            *blocks,
            Heading(words(t("What the report rests on"))),
            *assumption_blocks(t, county),
            *basis_blocks(t, county),
            Paragraph(words(t("© OpenStreetMap contributors")), "soft"),
        ),
    )


def _program(t: Translator, result: RunResult) -> str:
    return t("School Layout Planner {version}", version=result.versions["planning"])


def _side_by_side(blocks: Sequence[Block]) -> Iterator[Block]:
    """Put two maps that follow each other into one line; their headings become captions."""
    at = 0
    while at < len(blocks):
        match blocks[at : at + 4]:
            case (Heading() as one, Figure() as left, Heading() as other, Figure() as right):
                yield FigureRow(
                    tuple(
                        dataclasses.replace(figure, caption="".join(piece.text for piece in head.words))
                        for head, figure in ((one, left), (other, right))
                    )
                )
                at += 4
            case _:
                yield blocks[at]
                at += 1


def _on_paper(block: Block, source: str, share: float) -> Block:
    """Give a map its size and its sources; charts have their own."""
    if isinstance(block, FigureRow):
        return FigureRow(
            tuple(
                figure if figure.share != 1.0 else dataclasses.replace(figure, source=source)
                for figure in block.figures
            )
        )
    if isinstance(block, Figure) and block.share == 1.0:
        return dataclasses.replace(block, share=share, source=source)
    return block


def _summary(t: Translator, result: RunResult) -> Iterator[Block]:
    """Say in words how the county is, what was asked and what was found."""
    county = result.county
    inside = ~county.cells["in_margin"].astype(bool)
    yield Heading(words(t("Summary")), level=2)
    yield Paragraph(
        words(
            t(
                "{people} people live in {places} inhabited places; {schools} schools are on the register.",
                people=t.number(float(county.cells.loc[inside, "population"].sum())),
                places=t.number(int(inside.sum())),
                schools=t.number(len(county.schools)),
            )
        )
    )
    yield Notes(tuple(words(_today(t, stage, state)) for stage, state in result.base.items()))
    if result.answers:
        yield Heading(words(t("What was asked, and what was found")), level=2)
        yield Notes(tuple(_found(t, result, answer) for answer in result.answers))
    told = [t.message(notice) for notice in county.notices]
    if told:
        yield Paragraph(
            words(t("Reservations that hold for every number: {n}; they are listed on the next pages.", n=len(told))),
            "soft",
        )


def _value(t: Translator, state: StageState, name: str) -> str | None:
    rows = state.indicators[state.indicators["indicator"] == name]
    if rows.empty or math.isnan(float(rows["value"].iloc[0])):
        return None
    return quantity(t, float(rows["value"].iloc[0]), str(rows["unit"].iloc[0]))


def _today(t: Translator, stage: str, state: StageState) -> str:
    values = {name: _value(t, state, name) for name in ("pupils", "mean_distance", "share_within_limit")}
    sentences = [t("{stage}: {n} pupils.", stage=term(t, stage), n=values["pupils"] or "–")]
    if values["mean_distance"]:
        sentences.append(t("Their nearest school is {way} away on average.", way=values["mean_distance"]))
    if values["share_within_limit"]:
        sentences.append(t("{share} live within the limit.", share=values["share_within_limit"]))
    lines = state.reconciliation.groupby("category")["pupils"].sum()
    lost = [
        t("{n} reach a school but find no seat.", n=t.number(int(lines.get("no_seat", 0)))),
        t("{n} reach no school.", n=t.number(int(lines.get("out_of_reach", 0)))),
    ]
    return _joined(t, [*sentences, *lost])


def _found(t: Translator, result: RunResult, answer: Answer) -> Words:
    before = answer.before if answer.before is not None else result.base[answer.question.stage]
    sentences = []
    new = answer.sites[~answer.sites["kind"].isin(["closed", "merged_into"])]["name"].astype(str).tolist()
    closed = answer.sites[answer.sites["kind"] == "closed"]
    if new:
        more = "" if len(new) <= _MOST_NAMES else t("and {n} more", n=t.number(len(new) - _MOST_NAMES))
        names = t(", ").join([*new[:_MOST_NAMES], *([more] if more else [])])
        sentences.append(t("Proposed: {names}.", names=names))
    if len(closed):
        sentences.append(t("Schools that close: {n}.", n=t.number(len(closed))))
    if answer.after is not None:
        for name, words_ in (
            ("mean_distance", msg("Mean way: {a} → {b}.")),
            ("share_within_limit", msg("Within the limit: {a} → {b}.")),
        ):
            a, b = _value(t, before, name), _value(t, answer.after, name)
            if a and b:
                sentences.append(t(words_.id, a=a, b=b))
    sentences.append(gap_in_words(t, answer))
    return words(Piece(answer.question.name, "strong"), t(": {said}", said=_joined(t, sentences)))


def _joined(t: Translator, sentences: Sequence[str]) -> str:
    return (" " if t.language == "en" else "").join(sentences)
