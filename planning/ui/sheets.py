"""The sheets that pages show: figures, reconciliation, set-aside rows, indicators; tables in, words out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from planning.errors import Message, SetAside
from planning.i18n import MINUS, Translator
from planning.i18n.terms import term
from planning.network.ground import road_km
from planning.ui.tables import Figure, message_html, table_html
from planning.ui.words import number_of, with_unit

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = [
    "compare_html", "county_figures", "demand_html", "gains_html", "indicators_html", "notices_html",
    "reconciliation_html", "seats_html", "set_aside_html", "sources_html", "stage_figures", "township_html",
]  # fmt: skip

#: Whether more of an indicator is better (1), worse (-1), or neither.
_GOOD = {"share_within_limit": 1, "served": 1, "seats_per_pupil": 1}
_NEUTRAL = ("pupils", "schools", "schools_seats_unknown", "seats", "boarders", "share_off_road", "pupils_off_road")
_MOST_ROWS = 400


def county_figures(county: County, t: Translator) -> list[Figure]:
    """Give the county at a glance."""
    area_km2 = float(county.boundary.geometry.area.sum()) / 1e6
    open_schools = county.schools[county.schools["status"] == "open"]
    people = float(county.cells["population"].sum())
    bands = county.project.bands
    pupils = int(county.cells[[f"pupils_{band}" for band in bands]].to_numpy().sum())
    return [
        Figure(t("Area"), t("{n} km²", n=t.number(area_km2)), t("{n} townships", n=t.number(len(county.townships)))),
        Figure(t("Residents"), t("{n} people", n=t.number(people)), t("in {n} inhabited places", n=t.number(len(county.cells)))),
        Figure(t("Pupils"), with_unit(pupils, "pupil", t), ", ".join(term(t, stage) for stage in county.project.stages)),
        Figure(t("Open schools"), with_unit(len(open_schools), "school", t), t("{n} across the county line", n=t.number(int(open_schools["in_margin"].sum())))),
        Figure(t("Roads"), t("{n} km", n=t.number(road_km(county.network))), t("reference system {crs}", crs=county.crs.to_string() if county.crs.to_authority() is None else ":".join(county.crs.to_authority()))),
        Figure(t("Possible sites"), t("{n} sites", n=t.number(len(county.candidates))), t("outside {n} areas closed to building", n=t.number(len(county.exclusions)))),
    ]  # fmt: skip


def reconciliation_html(base: Mapping[str, StageState], t: Translator) -> str:
    """Lay the reconciliation sheet out, one column a stage."""
    sheets = {stage: state.reconciliation for stage, state in base.items()}
    rows: list[list[str]] = []
    tones: list[list[str]] = []
    totals = {stage: _amount(sheet, "total") for stage, sheet in sheets.items()}
    for category in ("total", "served", "no_seat", "out_of_reach"):
        reasons = sorted(
            {str(r) for s in sheets.values() for r in s.loc[s["category"] == category, "reason"].fillna("")}
        )
        detail = [reason for reason in reasons if reason]
        amounts = {stage: _amount(sheet, category) for stage, sheet in sheets.items()}
        rows.append([term(t, category), *(_with_share(amounts[s], totals[s], category, t) for s in sheets)])
        bad = category in ("no_seat", "out_of_reach")
        tones.append(["", *("bad" if bad and amounts[s] else "" for s in sheets)])
        for reason in detail:
            parts = [_amount(sheet, category, reason) for sheet in sheets.values()]
            if any(parts):
                rows.append(["\u2003" + term(t, reason), *(t.number(part) for part in parts)])
                tones.append([""] * (1 + len(parts)))
    heads = [t("Pupils"), *(term(t, stage) for stage in sheets)]
    return table_html(heads, rows, numbers=range(1, len(heads)), tones=tones, total=True)


def _amount(sheet: pd.DataFrame, category: str, reason: str | None = None) -> int:
    chosen = sheet["category"] == category
    if reason is not None:
        chosen &= sheet["reason"].fillna("") == reason
    return int(sheet.loc[chosen, "pupils"].sum())


def _with_share(amount: int, total: int, category: str, t: Translator) -> str:
    if category == "total" or total == 0:
        return t.number(amount)
    return t("{n} ({share})", n=t.number(amount), share=t.percent(amount / total))


def seats_html(base: Mapping[str, StageState], t: Translator) -> str:
    """Lay schools, seats and pupils out by stage."""
    rows = []
    for stage, state in base.items():
        unknown = int(state.sites["seats"].isna().sum())
        seats = state.sites["seats"].sum(min_count=1)
        full = int((state.load >= state.sites["seats"].fillna(2**31)).sum())
        rows.append(
            [
                term(t, stage),
                t.number(len(state.sites)),
                number_of(seats, t),
                t.number(unknown),
                t.number(full),
                term(t, state.mode),
            ]
        )
    heads = [
        t("Stage"),
        t("Schools"),
        t("Known seats"),
        t("Schools with unknown seats"),
        t("Full schools"),
        t("Way to school"),
    ]
    return table_html(heads, rows, numbers=(1, 2, 3, 4))


def demand_html(sheet: pd.DataFrame, t: Translator) -> str:
    """Lay the demand sheet out."""
    if sheet.empty:
        return _empty(t("No totals by township are known; the population grid is taken as it is."))
    names = {"*": t("Whole county"), "": t("(no township)")}
    sources = {"grid": t("population grid"), "list": t("village list"), "grid+list": t("grid and list")}
    rows = [
        [
            names.get(str(row.township), str(row.township)),
            sources.get(str(row.source), str(row.source)),
            *(
                "–" if pd.isna(total) else t.number(float(total))
                for total in (row.grid_total, row.list_total, row.known_total)
            ),
            "–" if pd.isna(row.factor) else t("× {n}", n=t.number(float(row.factor), 3)),
        ]
        for row in sheet.itertuples()
    ]
    heads = [t("Township"), t("Source"), t("People by grid"), t("People by list"), t("Known total"), t("Factor")]
    return table_html(heads, rows, numbers=(2, 3, 4, 5), height=330, total=str(sheet["township"].iloc[0]) == "*")


def notices_html(notices: Sequence[Message], t: Translator) -> str:
    """List what the reader must know."""
    if not notices:
        return _empty(t("No reservations: all sources were read as they stand."))
    return f'<div class="pl-note">{message_html([t.message(notice) for notice in notices])}</div>'


def set_aside_html(items: Sequence[SetAside], t: Translator) -> str:
    """List every row that was left out, moved or changed, and why."""
    if not items:
        return _empty(t("Every row of every source was taken as it stands."))
    rows, tones = [], []
    for item in items[:_MOST_ROWS]:
        rows.append(
            [
                item.source,
                "–" if item.row is None else t.number(item.row),
                item.item,
                t("kept") if item.kept else t("left out"),
                t.message(item.reason),
            ]
        )
        tones.append(["", "", "", "" if item.kept else "bad", ""])
    more = len(items) - _MOST_ROWS
    if more > 0:
        rows.append(["", "", t("and {n} more; the run's files list all", n=t.number(more)), "", ""])
        tones.append([""] * 5)
    heads = [t("File"), t("Row"), t("What"), t("Fate"), t("Reason and cure")]
    return table_html(heads, rows, numbers=(1,), tones=tones, height=360)


def sources_html(hashes: Mapping[str, str], t: Translator) -> str:
    """List the files that were read, with the start of their hashes."""
    rows = [[name.replace("\\", "/").rsplit("/", 1)[-1], digest[:12]] for name, digest in hashes.items()]
    return table_html([t("File"), t("Fingerprint (SHA-256)")], rows)


def stage_figures(state: StageState, t: Translator, *, base: StageState | None = None) -> list[Figure]:
    """Give a stage's main figures, with the difference to a base where one is given."""
    now = state.indicators.set_index("indicator")
    was = None if base is None else base.indicators.set_index("indicator")
    figures = []
    for name in ("mean_distance", "p90_distance", "share_within_limit"):
        if name not in now.index:
            continue
        value, unit = float(now.loc[name, "value"]), str(now.loc[name, "unit"])
        note, tone = "", ""
        if was is not None:
            note, tone = _difference(name, float(was.loc[name, "value"]), value, unit, t)
        elif name == "mean_distance":
            note = t("{mode}, all pupils", mode=term(t, state.mode))
        elif name == "p90_distance":
            note = t(
                "half of the pupils: {n}", n=with_unit(float(now["value"].get("median_distance", math.nan)), "m", t)
            )
        else:
            note = t("of all pupils, limit of each grade band")
        figures.append(Figure(term(t, name), with_unit(value, unit, t), note, tone))
    total = _amount(state.reconciliation, "total")
    for category in ("no_seat", "out_of_reach"):
        amount = _amount(state.reconciliation, category)
        if base is not None:
            note, tone = _difference(category, _amount(base.reconciliation, category), amount, "pupil", t)
        else:
            note, tone = t("{share} of {n} pupils", share=t.percent(amount / max(total, 1)), n=t.number(total)), ""
        figures.append(Figure(term(t, category), with_unit(amount, "pupil", t), note, tone))
    return figures


def indicators_html(state: StageState, t: Translator) -> str:
    """Lay all indicators of a stage out."""
    rows = [
        [term(t, str(row.indicator)), with_unit(float(row.value), str(row.unit), t)]
        for row in state.indicators.itertuples()
    ]
    return table_html([t("Indicator"), t("Value")], rows, numbers=(1,))


def compare_html(base: StageState, state: StageState, t: Translator) -> str:
    """Lay before, after and difference out."""
    was, now = base.indicators.set_index("indicator"), state.indicators.set_index("indicator")
    rows, tones = [], []
    for name in now.index:
        before, after = float(was["value"].get(name, float("nan"))), float(now["value"][name])
        unit = str(now["unit"][name])
        note, tone = _difference(str(name), before, after, unit, t)
        rows.append([term(t, str(name)), _plain(before, unit, t), _plain(after, unit, t), note if tone else "–"])
        tones.append(["", "", "", tone])
    heads = [t("Indicator"), t("Before"), t("After"), t("Difference")]
    return table_html(heads, rows, numbers=(1, 2, 3), tones=tones)


def township_html(state: StageState, t: Translator, *, height: int = 420) -> str:
    """Lay the indicators out by township."""
    table = state.by_township
    if table.empty:
        return _empty(t("The project names no townships."))
    wanted = [
        name
        for name in ("pupils", "mean_distance", "p90_distance", "share_within_limit")
        if (table["indicator"] == name).any()
    ]
    units = table.drop_duplicates("indicator").set_index("indicator")["unit"]
    wide = table.pivot_table(index="township", columns="indicator", values="value", aggfunc="first")
    wide = wide.sort_values(wanted[1] if len(wanted) > 1 else wanted[0], ascending=False)
    rows = [
        [str(name) or t("(no township)"), *(_plain(float(row[i]), str(units[i]), t) for i in wanted)]
        for name, row in wide.iterrows()
    ]
    short = {
        "pupils": t("Pupils"),
        "mean_distance": t("Mean way"),
        "p90_distance": t("90 % at most"),
        "share_within_limit": t("In limit"),
    }
    heads = [t("Township"), *(short[i] for i in wanted)]
    return table_html(heads, rows, numbers=range(1, len(heads)), height=height)


def gains_html(base: StageState, state: StageState, t: Translator) -> str:
    """List the townships whose mean way changes, the greatest change first."""
    means = [
        s.by_township[s.by_township["indicator"] == "mean_distance"].set_index("township")["value"]
        for s in (base, state)
    ]
    change = (means[1] - means[0]).dropna()
    change = change[change.abs() >= 0.5].sort_values()
    if change.empty:
        return _empty(t("No township's mean way changes."))
    rows, tones = [], []
    for name, difference in change.items():
        note, tone = _difference("mean_distance", float(means[0][name]), float(means[1][name]), "m", t)
        rows.append(
            [
                str(name) or t("(no township)"),
                with_unit(float(means[0][name]), "m", t),
                with_unit(float(means[1][name]), "m", t),
                note,
            ]
        )
        tones.append(["", "", "", tone if difference else ""])
    heads = [t("Township"), t("Mean way before"), t("After"), t("Difference")]
    return table_html(heads, rows, numbers=(1, 2, 3), tones=tones, height=220)


def _difference(name: str, before: float, after: float, unit: str, t: Translator) -> tuple[str, str]:
    """Write a difference with its sign, and say whether it is good."""
    change = after - before
    if not math.isfinite(change):
        return "–", ""
    threshold = 0.0005 if unit == "1" else 0.005 if unit == "seat/pupil" else 0.05 if unit == "min" else 0.5
    if abs(change) < threshold:
        return t("unchanged"), ""
    size = t("{n} points", n=t.number(abs(change) * 100, 1)) if unit == "1" else _plain(abs(change), unit, t)
    if unit == "seat/pupil":
        size = t.number(abs(change), 2)
    good = (change > 0) == (_GOOD.get(name, -1) > 0)
    return ("+" if change > 0 else MINUS) + size, "same" if name in _NEUTRAL else "good" if good else "bad"


def _plain(value: float, unit: str, t: Translator) -> str:
    """Leave the unit out where the heading says what is counted."""
    return t.number(value) if unit in ("pupil", "school", "seat") else with_unit(value, unit, t)


def _empty(text: str) -> str:
    return f'<div class="pl-empty">{escape(text)}</div>'
