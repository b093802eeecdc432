"""The decision sheet: scenarios in columns on one page of A4, to be read in a meeting, signed and filed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.comparison import SHOWN_IN_BRIEF, difference_legend, stage_and_band
from planning.report.comparison_map import chief_band, difference_map
from planning.report.figures import draw_ground
from planning.report.printing.blocks import (
    Block,
    Content,
    Heading,
    Notes,
    Paragraph,
    Piece,
    Table,
    Words,
    table,
    words,
)
from planning.report.printing.drawings import map_figure
from planning.report.printing.paper import Paper, set_paper
from planning.report.printing.pdf import count_pages, to_pdf
from planning.report.words import change, quantity

if TYPE_CHECKING:
    from planning.scenario.comparison import Comparison, EvaluatedPlan

__all__ = ["decision_content", "decision_sheet"]

#: Shares of the page's width that the map is tried with, until all stands on one page.
_SHARES = (0.62, 0.54, 0.46, 0.38, 0.3, 0.22)


def decision_sheet(
    t: Translator,
    comparison: Comparison,
    plans: Sequence[EvaluatedPlan],
    proposed: int,
    *,
    proof: Sequence[str] = (),
    map_number: str = "",
    day: dt.date | None = None,
) -> bytes:
    """
    Print the decision sheet.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans beside each other.
    plans : sequence of EvaluatedPlan
        The same plans.
    proposed : int
        Position of the plan that is put forward.
    proof : sequence of str
        How good it is proven to be.
    map_number : str
        Number of the map review; without one the foot says that the sheet is for internal planning.
    day : datetime.date, optional
        Its day; today by default.

    Returns
    -------
    bytes
        PDF of one page; the map is drawn as large as that allows.

    Raises
    ------
    FontError
        If no font has Chinese.
    ConfigError
        If the map-review number is too long to be one.
    """
    paper = _paper(t, plans[0], map_number, day)
    data = b""
    for share in _SHARES:
        data = to_pdf(decision_content(t, comparison, plans, proposed, proof=proof, share=share), paper)
        if count_pages(data) == 1:
            break
    return data


def _paper(t: Translator, plan: EvaluatedPlan, map_number: str, day: dt.date | None) -> Paper:
    return set_paper(
        t.language, project=plan.county.project.name, title=t("Decision sheet"), day=day, map_number=map_number,
        small_margins=True,
    )  # fmt: skip


def decision_content(
    t: Translator,
    comparison: Comparison,
    plans: Sequence[EvaluatedPlan],
    proposed: int,
    *,
    proof: Sequence[str] = (),
    share: float = 0.5,
) -> Content:
    """
    Say what the decision sheet holds.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans beside each other.
    plans : sequence of EvaluatedPlan
        The same plans.
    proposed : int
        Position of the plan that is put forward.
    proof : sequence of str
        How good it is proven to be.
    share : float
        Width of the map, 1 is that between the margins.

    Returns
    -------
    Content
        Title, table, proof, map, room for signatures.
    """
    first, plan = plans[0], plans[proposed]
    drawn = proposed or 1
    stage, band = chief_band(comparison, drawn)
    figure = map_figure(
        t,
        draw_ground(first.county),
        difference_map(draw_ground(first.county), first, plans[drawn], stage, band),
        has_boundary=first.county.project.boundary is not None,
        legend=[entry for at, entry in enumerate(difference_legend(t)) if at < 5 or _occurs(comparison, drawn, band, at)],
        caption=t("Change of the way, {name} against {first}: {grades}", name=plans[drawn].name, first=first.name,
                  grades=stage_and_band(t, stage, band)),
        share=share,
    )  # fmt: skip
    blocks: list[Block] = [
        Paragraph(words(t("Put forward: "), Piece(plan.name, "strong"))),
        _table(t, comparison, proposed),
        Heading(words(t("How good it is proven to be")), level=3),
        Notes(tuple(words(line) for line in proof or [t("No question was answered for this scenario: it was planned by hand, and nothing is proven of it.")])),
        figure,
        table(
            [(t("Decision"), False), (t("Name and office"), False), (t("Signature"), False), (t("Date"), False)],
            [[t("□ adopted   □ adopted with changes   □ refused"), " ", " \n ", " "] for _ in range(2)],
        ),
    ]  # fmt: skip
    title = t("{name}: decision on the school layout", name=first.county.project.name)
    return Content(title=title, blocks=tuple(blocks))


def _occurs(comparison: Comparison, plan: int, band: str, at: int) -> bool:
    rows = comparison.places[(comparison.places["plan"] == plan) & (comparison.places["band"] == band)]
    return bool((rows["class"].cat.codes == at).any())


def _table(t: Translator, comparison: Comparison, proposed: int) -> Table:
    """Put scenarios into columns: indicators of whole stages, standards, cost; each difference below its value."""
    names = comparison.names
    heads = [
        (t("Indicator"), False),
        *((f"{name} ✓" if at == proposed else name, True) for at, name in enumerate(names)),
    ]
    value = comparison.indicators.set_index(["stage", "band", "indicator", "plan"])["value"].to_dict()
    unit = comparison.indicators.drop_duplicates("indicator").set_index("indicator")["unit"].to_dict()
    rows: list[list[str | Words]] = []
    stages = list(dict.fromkeys(comparison.indicators["stage"]))
    for stage in stages:
        rows.append([words(Piece(term(t, stage), "strong"))])
        for name in SHOWN_IN_BRIEF:
            found = [value.get((stage, "", name, at), math.nan) for at in range(len(names))]
            if all(map(math.isnan, found)):
                continue
            rows.append([term(t, name), *(_with_change(t, found, at, unit[name]) for at in range(len(names)))])
    rows.append([words(Piece(t("Standards and cost"), "strong"))])
    verdicts = comparison.verdicts.set_index(["verdict", "plan"])["entries"].to_dict()
    if verdicts:
        rows.append(
            [t("Rules not met (entries)"), *(t.number(verdicts.get(("not_met", at), 0)) for at in range(len(names)))]
        )
        kinds = comparison.rules.groupby(["plan", "change"]).size().to_dict()
        rows.append([
            t("Rules broken / mended"),
            *("–" if not at else f"{t.number(kinds.get((at, 'broken'), 0))} / {t.number(kinds.get((at, 'mended'), 0))}"
              for at in range(len(names))),
        ])  # fmt: skip
    costs = {(row["item"], row["plan"]): float(row["value"]) for row in comparison.costs.to_dict("records")}
    for item, label in (
        ("build", t("Cost of building (10,000 yuan)")),
        ("running", t("Cost of running (10,000 yuan a year)")),
    ):
        found = [costs[item, at] for at in range(len(names))]
        rows.append([
            label, *(t("not known") if math.isnan(cost) else t.number(cost / 10_000, 1) for cost in found)
        ])  # fmt: skip
    return table(heads, rows)


def _with_change(t: Translator, found: Sequence[float], at: int, unit: str) -> Words:
    shown = quantity(t, found[at], unit)
    by = change(t, found[0], found[at], unit) if at else ""
    if unit == "1" and by.startswith(("+", "\N{MINUS SIGN}")):
        by = by[0] + t("{n} points", n=t.number(abs(found[at] - found[0]) * 100, 1))
    return words(shown, Piece(f"  {by}" if by.startswith(("+", "\N{MINUS SIGN}")) else "", "soft"))
