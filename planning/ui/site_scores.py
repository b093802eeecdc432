"""Possible sites on the map, coloured by what a school there would bring; worked out in a job, sent when it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from planning.errors import Tell, msg
from planning.i18n import Translator
from planning.report.map_overlays import pack_places, pack_values
from planning.ui import shell
from planning.ui.colours import Painting
from planning.ui.state import jobs
from planning.ui.waiting import result_of
from planning.ui.words import with_unit
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.scenario.candidate_scores import SiteGains
    from planning.scenario.edits import Edit
    from planning.ui.jobs import Job

__all__ = ["SITE_VIEWS", "SiteScores", "Spots", "best_sites", "gains_job", "paint_sites", "scores_of_sites"]

#: Little to much: ColorBrewer's YlGnBu; the better are larger as well, so that grey print still reads.
_STYLES = (("#ffffcc", 4.0), ("#a1dab4", 4.5), ("#41b6c4", 5.5), ("#2c7fb8", 6.5), ("#253494", 7.5))
#: Numbers from which classes begin: four that follow each other, the last of them not above the best site's score.
_STEPS = tuple(step * 10**power for power in range(7) for step in (1, 3))
SITE_VIEWS = ("sites_limit", "sites_way")
_SHOWN = 5
#: An answer that comes within this time is waited for: the map is drawn once and not twice [s].
_PATIENCE_S = 0.15


@dataclass(frozen=True, eq=False)
class SiteScores:
    """Scores of the possible sites beside the plan, and beside today's schools: colours mean the same after an edit."""

    table: pd.DataFrame
    today: pd.DataFrame


@dataclass(frozen=True)
class Spots:
    """Points with figures as the map fetches them: what stays, and what an edit changes."""

    places: bytes
    values: bytes


def gains_job(
    workspace: Workspace, stage: str, edits: Sequence[Edit], before: SiteGains | None = None
) -> Callable[..., Job]:
    """Give what starts to look at the possible sites beside a plan; ``before`` is of a plan with the same roads and estates."""
    edits = tuple(edits)

    def work(tell: Tell, _: object) -> SiteGains:
        from planning.scenario.candidate_scores import site_gains

        tell(0.2, msg("Scoring the possible sites"))
        return site_gains(workspace.county_of(edits), workspace.state(stage, edits), before=before)

    return lambda *, again: jobs().start(f"sites-{workspace.key}-{stage}-{edits_key(edits)}", work, again=again)


def scores_of_sites(workspace: Workspace, stage: str, edits: Sequence[Edit], t: Translator) -> SiteScores | None:
    """Give the scores of the possible sites, or show that they are being worked out."""
    from planning.scenario.candidate_scores import scores_of_gains
    from planning.scenario.changed_county import county_edits

    if not len(workspace.county.candidates):
        return None
    found = today = None
    # First beside the schools of today, on the roads of the plan: after an edit of schools only children whose way changes are looked at.
    for asked in dict.fromkeys((county_edits(edits), tuple(edits))):
        start = gains_job(workspace, stage, asked, found)
        wait([start(again=False).future], timeout=_PATIENCE_S)
        found = result_of(start, t, key="sites", doing=t("Scoring the possible sites"), usual_s=2.0)
        if found is None:
            return None
        today = today or found
    return None if found is None or today is None else SiteScores(scores_of_gains(found), scores_of_gains(today))


@st.cache_resource(show_spinner=False, max_entries=8)
def _places_of(key: str, _workspace: Workspace) -> bytes:
    del key
    table = _workspace.county.candidates
    lons, lats = _workspace.to_degrees(table.geometry.x.to_numpy(), table.geometry.y.to_numpy())
    return pack_places(lons, lats, [str(code) for code in table.index], [str(name) for name in table["name"]])


def paint_sites(
    workspace: Workspace, view: str, scores: SiteScores | None, t: Translator
) -> tuple[Painting, Spots | None]:
    """
    Colour the possible sites by their score.

    Parameters
    ----------
    workspace : Workspace
        The county.
    view : {"sites_limit", "sites_way"}
        Which score.
    scores : SiteScores or None
        None while they are worked out.
    t : Translator
        The language.

    Returns
    -------
    Painting
        The legend; no cell is painted.
    Spots or None
        None where there is nothing to show.
    """
    by_limit = view == "sites_limit"
    title = t("Pupils a school there would bring within the limit") if by_limit else t(
        "Mean way of all pupils shorter by (m), if a school is opened there"
    )  # fmt: skip
    nothing = Painting(np.zeros(len(workspace.county.cells), dtype=np.uint8), title, [])
    if not len(workspace.county.candidates):
        return _with_note(nothing, t("This project has no possible sites.")), None
    if scores is None:
        return _with_note(nothing, t("being worked out")), None
    values = _values(view, scores.table)
    if np.isnan(values).all():
        why = t("This stage has no limit.") if by_limit else t("No pupil has a way to a school.")
        return _with_note(nothing, why), None
    breaks = _breaks(_values(view, scores.today))
    classes = np.searchsorted(breaks, np.nan_to_num(values), side="right")
    spots = Spots(_places_of(workspace.key, workspace), pack_values(_STYLES, classes, _lines(scores.table, t)))
    entries: list[dict[str, object]] = [
        {"color": color, "label": label, "radius": radius}
        for (color, radius), label in zip(_STYLES, _labels(view, breaks, t), strict=True)
    ]
    painting = Painting(nothing.classes, title, entries)
    return _with_note(
        painting, t("Each site looked at alone, seats not counted. Click a site to place a school.")
    ), spots


def best_sites(
    workspace: Workspace, view: str, scores: pd.DataFrame, t: Translator, *, place: Callable[[str], None]
) -> None:
    """List the best possible sites, each with a button that places a school there."""
    values = pd.Series(_values(view, scores), index=scores.index)
    best = values[values > 0].sort_values(ascending=False, kind="stable").index[:_SHOWN]
    shell.section(t("Best possible sites"), t("each alone"))
    if not len(best):
        st.html(f'<div class="pl-empty">{escape(t("No possible site brings anything more."))}</div>')
        return
    table = workspace.county.candidates
    with st.container(border=True, gap=None, key="pl-sites"):
        for code in best:
            words, act = st.columns([8, 2.2], vertical_alignment="center")
            name = " · ".join(part for part in (str(table.at[code, "township"]), str(table.at[code, "name"])) if part)
            told = " · ".join(_line(scores.loc[code], t))
            words.html(f'<div class="pl-edit">{escape(name or str(code))}<em>{escape(told)}</em></div>')
            act.button(t("Place here"), key=f"site-{code}", on_click=place, args=(str(code),))


def _with_note(painting: Painting, text: str) -> Painting:
    note: dict[str, object] = {"color": "#ffffff", "label": text, "note": True}
    return Painting(painting.classes, painting.title, [*painting.entries, note])


def _values(view: str, scores: pd.DataFrame) -> NDArray[np.float64]:
    """Give the score, the more the better."""
    if view == "sites_limit":
        return scores["pupils_within"].to_numpy(dtype=float)
    # A mean that gets longer because children come to have a school at all is no gain in ways.
    return -scores["mean_change_m"].to_numpy(dtype=float)


def _breaks(values: NDArray[np.float64]) -> tuple[int, ...]:
    """Choose where classes begin, so that the best sites stand out and the others still differ."""
    best = float(np.nan_to_num(values).max(initial=0.0))
    last = max(sum(step <= best for step in _STEPS) - 1, 3)
    return _STEPS[last - 3 : last + 1]


def _labels(view: str, breaks: tuple[int, ...], t: Translator) -> list[str]:
    if view == "sites_limit":  # whole pupils
        middle = [f"{t.number(low)} – {t.number(high - 1)}" for low, high in pairwise(breaks)]
    else:
        middle = [f"{t.number(low)} – < {t.number(high)}" for low, high in pairwise(breaks)]
    return [f"< {t.number(breaks[0])}", *middle, f"≥ {t.number(breaks[-1])}"]


def _lines(scores: pd.DataFrame, t: Translator) -> list[list[str]]:
    return [_line(row, t) for _, row in scores.iterrows()]


def _line(row: pd.Series, t: Translator) -> list[str]:
    """Say in words what a school at a site would bring."""
    lines = []
    if not np.isnan(row["pupils_within"]):
        lines.append(t("Within the limit: {n} pupils more", n=t.number(row["pupils_within"])))
    if row["mean_change_m"] <= 0:
        lines.append(t("Mean way: {n} shorter", n=with_unit(-row["mean_change_m"], "m", t)))
    elif row["mean_change_m"] > 0:
        lines.append(t("Mean way: {n} longer", n=with_unit(row["mean_change_m"], "m", t)))
    lines.append(t("Nearest school of {n} pupils", n=t.number(row["pupils_nearer"] + row["newly_reached"])))
    if row["newly_reached"] > 0:
        lines.append(t("{n} of them have no school in reach today", n=t.number(row["newly_reached"])))
    return lines
