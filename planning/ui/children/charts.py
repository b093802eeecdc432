"""The chart of coming years: what each variant of births asks for, against the seats that are there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from planning.config import VARIANTS_OF_BIRTHS
from planning.i18n.terms import term

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.outlook import Outlook

__all__ = ["SERIES", "chart_rows", "year_chart"]

SERIES = ("seats_needed", "children")
#: Colour and dash of each line: colours of Okabe and Ito, told apart without colour by their dashes.
_LOOK = {
    "low": ("#56b4e9", [6, 3]),
    "middle": ("#0f5f8c", [1, 0]),
    "high": ("#d55e00", [2, 2]),
    "today": ("#3a3a3a", [1, 0]),
    "planned": ("#009e73", [8, 3]),
}
_FONT = '"Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif'


def chart_rows(outlook: Outlook, stage: str, township: str, series: str, *, planned: float = math.nan) -> pd.DataFrame:
    """Lay the lines of a chart out: ``year, line, value``; seats only where they are known, the plan's where they differ."""
    table = outlook.needed[(outlook.needed["stage"] == stage) & (outlook.needed["township"] == township)]
    rows = [table.rename(columns={"variant": "line", series: "value"})[["year", "line", "value"]]]
    if series == "seats_needed" and len(table):
        today = float(table["seats"].iloc[0])
        levels = {"today": today}
        if math.isfinite(planned) and not math.isclose(planned, today, abs_tol=0.05):
            levels["planned"] = planned
        years = sorted(table["year"].unique())
        rows += [
            pd.DataFrame({"year": years, "line": line, "value": level})
            for line, level in levels.items()
            if math.isfinite(level)
        ]
    return pd.concat(rows, ignore_index=True)


def year_chart(rows: pd.DataFrame, t: Translator, *, series: str, chosen: str) -> Any:
    """Draw the lines, the chosen variant strongest; the upward axis begins at 0, so that heights may be compared."""
    names = {**{variant: term(t, variant) for variant in VARIANTS_OF_BIRTHS}, "today": t("seats there today"), "planned": t("seats of the open plan")}  # fmt: skip
    unit = t("Seats needed (seats)") if series == "seats_needed" else t("Children of the stage (children)")
    year, what, amount = t("Year"), t("Line"), t("Amount")
    shown = rows.assign(
        name=rows["line"].map(names),
        width=[3.2 if line == chosen else 1.8 for line in rows["line"]],
        **{year: rows["year"].astype(str), what: rows["line"].map(names), amount: [t.number(v) for v in rows["value"]]},
    )
    drawn = [line for line in _LOOK if (rows["line"] == line).any()]
    scale = {"domain": [names[line] for line in drawn]}
    base = alt.Chart(shown).encode(
        x=alt.X("year:Q", title=year, axis=alt.Axis(format="d", tickMinStep=1, grid=False), scale=alt.Scale(nice=False, padding=14)),
        y=alt.Y("value:Q", title=unit, axis=alt.Axis(format=",d", tickCount=6), scale=alt.Scale(zero=True)),
        color=alt.Color("name:N", title=None, scale=alt.Scale(**scale, range=[_LOOK[line][0] for line in drawn]), legend=alt.Legend(orient="top", symbolType="stroke", symbolSize=500, labelLimit=260)),
        strokeDash=alt.StrokeDash("name:N", title=None, scale=alt.Scale(**scale, range=[_LOOK[line][1] for line in drawn])),
        tooltip=[alt.Tooltip(f"{name}:N", title=name) for name in (year, what, amount)],
    )  # fmt: skip
    seats = ["today", "planned"]
    births = alt.FieldOneOfPredicate(field="line", oneOf=list(VARIANTS_OF_BIRTHS))
    layers = [
        base.mark_line(interpolate="step-after", strokeWidth=2).transform_filter(
            alt.FieldOneOfPredicate(field="line", oneOf=seats)
        ),
        base.mark_line().encode(strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None)).transform_filter(births),
        base.mark_point(filled=True, size=34).transform_filter(births),
    ]  # fmt: skip
    return alt.layer(*layers).properties(height=400).configure(font=_FONT).configure_view(stroke=None)
