"""Tables of an answer about boarding: the ways side by side, rates, beds by hub, homes of boarders, buses."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from planning.i18n.terms import term
from planning.report.bus_lines import line_section, line_table
from planning.report.choices import way_section
from planning.ui.boarding.asking import rate_name, rate_unit
from planning.ui.boarding.work import RATES, Asked, Detail
from planning.ui.tables import Figure, message_html, table_html
from planning.ui.words import number_of, with_unit

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.county import County
    from planning.scenario.questions import Answer
    from planning.standards import Rule
    from planning.ui.workspace import Workspace

__all__ = [
    "HOME_WEEKS", "buses_html", "figures_of", "hubs_html", "points_html", "rates_html", "stops_html", "villages_html", "way_notes",
    "ways_html",
]  # fmt: skip

#: Weeks between two rides home of a boarder.
HOME_WEEKS = (1, 2, 4)
_MOST_ROWS = 300


def figures_of(answer: Answer, detail: Detail, t: Translator) -> list[Figure]:
    """Give the answer at a glance."""
    ways, hubs = answer.ways.set_index("way"), detail.hubs
    asked = detail.day["pupils_asked"]
    figures = [
        Figure(t("Too far for a day's way"), with_unit(asked, "pupil", t), t("beyond the daily limit of every school"))
    ]
    for way in ("boarding", "school_bus", "teaching_point"):
        if way in ways.index:
            served = float(ways.at[way, "pupils_served"])
            share = t("{share} of them", share=t.percent(served / asked)) if asked else ""
            figures.append(
                Figure(t("Helped by: {way}", way=term(t, way)), with_unit(served, "pupil", t), share)
            )  # fmt: skip
    needed, new, short = (int(hubs[name].sum()) for name in ("beds_needed", "beds_new", "beds_short"))
    there = int(hubs["beds_there"].fillna(0).sum())
    figures.append(Figure(t("Boarders of this plan"), with_unit(float(hubs["boarders"].sum()), "pupil", t), t("in {n} schools", n=t.number(int((hubs["boarders"] > 0).sum())))))  # fmt: skip
    figures.append(
        Figure(t("Beds needed"), t("{n} beds", n=t.number(needed)), t("there: {there}, new: {new}, still short: {short}", there=t.number(there), new=t.number(new), short=t.number(short)), "bad" if short else "")
    )  # fmt: skip
    return figures


def ways_html(county: County, answer: Answer, detail: Detail, t: Translator, *, home_weeks: int) -> str:
    """Lay the ways out side by side, the same pupils each time; the numbers are those of the report."""
    section = way_section(t, answer, county)
    if section is None:
        return ""
    names, day = list(answer.ways["way"]), detail.day
    by_day = {
        "pupils_asked": t.number(day["pupils_asked"]),
        "pupils_served": t.number(0),
        "pupils_left": t.number(day["pupils_asked"]),
        "week_min": t.number(day["week_min"]),
        "one_way_min_max": t.number(day["one_way_min_max"]),
    }
    heads = [t("Indicator"), t("By day, as today"), *section["ways"]]
    rows = []
    for key, (label, cells) in zip(answer.ways.columns[3:], section["rows"], strict=True):
        if key == "week_min" and home_weeks != 1 and "boarding" in names:
            at = names.index("boarding")
            cells = [*cells[:at], t.number(float(answer.ways["week_min"].iloc[at]) / home_weeks), *cells[at + 1 :]]
        rows.append([label, by_day.get(key, "–"), *cells])
    rows.insert(-1, [t("Staff needed besides teachers (people)"), "–", *(_staff(county, answer, way, t) for way in names)])  # fmt: skip
    return table_html(heads, rows, numbers=range(1, len(heads)))


def _staff(county: County, answer: Answer, way: str, t: Translator) -> str:
    """Count who must be there besides teachers: care of boarders by the pack's share, a driver and an attendant a bus."""
    row = answer.ways.set_index("way").loc[way]
    if way == "boarding":
        share = county.pack.number("boarding.care_staff_share")
        return t("not known") if share is None else t.number(math.ceil(float(row["pupils_served"]) * share - 1e-9))
    if way == "school_bus":
        return t("not known") if pd.isna(row["buses"]) else t("{n} drivers", n=t.number(int(row["buses"])))
    return "–"


def way_notes(
    workspace: Workspace, county: County, asked: Asked, answer: Answer, detail: Detail, t: Translator
) -> list[str]:
    """Say what the comparison rests on, the report's own sentences first."""
    section = way_section(t, answer, county)
    notes = [] if section is None else list(section["notes"])
    if asked.question not in workspace.county.project.questions:  # nothing of it stands in the project file
        notes = [note.replace(t("set in the project file"), t("entered here")) for note in notes]
    if asked.rates is not None:
        own = t("Costs a year are at the rates of the project file; they are this project's own, no rule.")
        notes = [t("Costs a year are at the rates entered here; they are no rule.") if note == own else note for note in notes]  # fmt: skip
    notes.append(
        t("By day, as today: the same pupils go ten ways a week to the nearest school of theirs; every one of them is beyond the daily limit.")
    )  # fmt: skip
    without = detail.day["without_way"]
    if without:
        notes.append(t("{n} of them have no way to any school at all; no time is told for them.", n=t.number(without)))
    rule = _rule(county, "boarding.care_staff_share")
    if rule is None:
        notes.append(t("Carers for boarders: the rule pack gives no dependable number, so that none is told."))
    else:
        notes.append(
            t("Carers: one for {n} boarders ({source}).", n=t.number(1 / rule.number), source=_source(county, rule, t))
        )  # fmt: skip
    notes.append(t("Drivers: one a bus; attendants on the bus are not counted."))
    return notes


def _rule(county: County, path: str) -> Rule | None:
    rule = county.pack.rule(path)
    return rule if rule is not None and rule.enabled else None


def _source(county: County, rule: Rule, t: Translator) -> str:
    badge = rule.badge if rule.source != "tool" else None  # the tool's own default says so itself
    source = t.message(county.pack.sources[rule.source].message())
    return source if badge is None else t("{source}; {badge}", source=source, badge=t.message(badge))


def rates_html(workspace: Workspace, county: County, asked: Asked, t: Translator) -> str:
    """List what the costs and beds are reckoned with, and where each number comes from."""
    own = workspace.county.project.costs  # before others were entered here
    rows, tones = [], []
    for key in RATES:
        value = getattr(own, key) if asked.rates is None else asked.rates[key]
        where = t("not known") if value is None else t("project file") if value == getattr(own, key) else t("entered here")  # fmt: skip
        amount = t.number(value, 0 if value is None or float(value).is_integer() else 2)
        rows.append([rate_name(key, t), t("{n} {unit}", n=amount, unit=rate_unit(key, t)), where])
        tones.append(["", "", "bad" if value is None else ""])
    wanted = {
        "boarding.beds_per_boarder": (t("Beds"), t("beds per boarder")),
        "boarding.care_staff_share": (t("Carers"), t("people per boarder")),
        "bus.ride_max": (t("Longest bus ride"), t("min")),
    }
    for path, (name, unit) in wanted.items():
        if (rule := _rule(county, path)) is not None:
            amount = t.number(rule.number, 0 if rule.number.is_integer() else 2)
            rows.append([name, t("{n} {unit}", n=amount, unit=unit), _source(county, rule, t)])
            tones.append([""] * 3)
    return table_html([t("Rate"), t("Value"), t("Source")], rows, numbers=(1,), tones=tones)


def hubs_html(detail: Detail, t: Translator) -> str:
    """List hubs with their beds."""
    if not len(detail.hubs):
        return _empty(t("Nobody boards in this answer."))
    hubs = detail.hubs
    total = [t("All hubs"), "", t.number(int(hubs["boarders"].sum())), t.number(int(hubs["beds_needed"].sum())), t.number(int(hubs["beds_there"].fillna(0).sum())), t.number(int(hubs["beds_new"].sum())), t.number(int(hubs["beds_short"].sum()))]  # fmt: skip
    rows, tones = [total], [[""] * 6 + ["bad" if int(hubs["beds_short"].sum()) else ""]]
    for site_id, hub in hubs.iterrows():
        name = str(hub["name"]) or str(site_id)
        rows.append(
            [
                t("{name} (proposed)", name=name) if hub["is_proposed"] else name,
                hub["township"] or t("(no township)"),
                *(t.number(int(hub[column])) for column in ("boarders", "beds_needed")),
                number_of(hub["beds_there"], t),
                *(t.number(int(hub[column])) for column in ("beds_new", "beds_short")),
            ]
        )
        tones.append([""] * 6 + ["bad" if hub["beds_short"] else ""])
    heads = [t("Hub"), t("Township"), t("Boarders"), t("Beds needed"), t("Beds there"), t("New beds"), t("Beds short")]
    return table_html(heads, rows, numbers=range(2, 7), tones=tones, height=372, total=True)


def villages_html(detail: Detail, t: Translator, *, hub: str = "") -> str:
    """List the places whose pupils board; of one hub, or of all."""
    table = detail.villages
    table = table[table["site_id"] == hub] if hub else table
    if not len(table):
        return _empty(t("Nobody boards there."))
    rows = [
        [
            row["place"],
            row["township"] or t("(no township)"),
            term(t, row["band"]),
            row["hub"] or row["site_id"],
            t.number(row["pupils"]),
            with_unit(float(row["ride_min"]), "min", t),
        ]
        for row in table.head(_MOST_ROWS).to_dict("records")
    ]
    heads = [t("Place"), t("Township"), t("Grades"), t("Hub"), t("Boarders"), t("Longest ride")]
    html = table_html(heads, rows, numbers=(4, 5), height=372)
    more = len(table) - _MOST_ROWS
    rest = int(table["pupils"].iloc[_MOST_ROWS:].sum())
    return html + (f'<div class="pl-under">{escape(t("{n} more places with {pupils} boarders are not listed here.", n=t.number(more), pupils=t.number(rest)))}</div>' if more > 0 else "")  # fmt: skip


def buses_html(answer: Answer, t: Translator) -> str:
    """List the buses, the longest rides first, and whom no bus serves; as the report does."""
    section = line_section(t, answer)
    if section is None:
        return _empty(t("There is nobody to carry, or the search was stopped before the lines were laid."))
    heads = [t("School"), t("Bus"), t("Stops"), t("Pupils"), t("Longest ride"), t("Longest walk to a stop"), t("Kilometres a day (km)")]  # fmt: skip
    html = table_html(heads, section["rows"], numbers=range(1, 7), height=330)
    left = list(section["left"])
    if section["more"]:
        left.insert(0, t("{n} more buses have shorter rides; bus_lines.csv lists every stop.", n=t.number(section["more"])))  # fmt: skip
    return html + (f'<div class="pl-note pl-after">{message_html(left)}</div>' if left else "")


def stops_html(answer: Answer, t: Translator, school: str) -> str:
    """List the stops of a school's buses in the order of the morning."""
    lines = line_table([answer])
    stops = lines[(lines["site_id"] == school) & lines["bus"].notna()].sort_values(["bus", "order"], kind="stable")
    rows = [
        [
            t.number(int(row["bus"])),
            t.number(int(row["order"])),
            str(row["stop"]),
            str(row["township"]) or t("(no township)"),
            t.number(int(row["pupils"])),
            with_unit(float(row["ride_min"]), "min", t),
            with_unit(float(row["walk_m_max"]), "m", t),
            f"{row['lon']:.5f}, {row['lat']:.5f}",
        ]
        for row in stops.to_dict("records")
    ]
    heads = [t("Bus"), t("No."), t("Stop of a bus"), t("Township"), t("Pupils"), t("Longest ride"), t("Longest walk to a stop"), t("Longitude, latitude")]  # fmt: skip
    return table_html(heads, rows, numbers=(0, 1, 4, 5, 6), height=330)


def points_html(answer: Answer, t: Translator) -> str:
    """List the teaching points that are proposed, and those that must stay."""
    sites = answer.sites[answer.sites["kind"].isin(["teaching_point", "keep"])]
    if not len(sites):
        return _empty(t("No teaching point is proposed: all grades of this stage may board, or all small children live near a school."))  # fmt: skip
    rows = [
        [str(name) or str(site_id), str(township) or t("(no township)"), term(t, str(kind)), t.number(int(pupils))]
        for site_id, name, township, kind, pupils in zip(
            sites.index, sites["name"], sites["township"], sites["kind"], sites["pupils_gained"], strict=True
        )
    ]
    return table_html([t("Place"), t("Township"), t("What"), t("Pupils")], rows, numbers=(3,), height=250)


def _empty(text: str) -> str:
    return f'<div class="pl-empty">{escape(text)}</div>'
