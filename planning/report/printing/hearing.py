"""Hearing sheets: one page a village, so that parents see what changes for their children, and can answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planning.errors import ConfigError, Names, Tell, msg
from planning.i18n import Language, Translator, get_translator
from planning.i18n.terms import term
from planning.report.citations import Citation, cite, cite_gate, cite_limit
from planning.report.figures import draw_ground
from planning.report.printing.basis import data_words
from planning.report.printing.blocks import (
    Block,
    Column,
    Content,
    Heading,
    Notes,
    PageBreak,
    Paragraph,
    Piece,
    Row,
    Table,
    Words,
    words,
)
from planning.report.printing.paper import set_paper
from planning.report.printing.pdf import to_pdf
from planning.report.printing.village_map import MapPoint, ground_pieces, village_map
from planning.report.printing.word import to_word
from planning.report.words import quantity
from planning.scenario.limits import limit_of_band
from planning.scenario.naming import place_names
from planning.scenario.village_ways import changed_villages, village_ways
from planning.scenario.years import county_asked_of

if TYPE_CHECKING:
    from planning.report.printing.report import Format
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer
    from planning.scenario.result import RunResult

__all__ = ["Hearing", "hearing_content", "hearing_of_answer", "hearing_villages", "print_hearing"]

_LINE = "\u2026" * 12
#: A cell to write in: two empty lines as wide as half a page.
_ROOM_TO_WRITE = "\u00a0" * 60 + "\n\u00a0"
#: Schools named on a map; more would hide each other.
_MOST_SCHOOLS = 4


@dataclass(frozen=True)
class Hearing:
    """
    What is heard: a layout today and the one that is proposed.

    Parameters
    ----------
    name : str
        Name of the question or of the plan, as its author wrote it.
    county_before, county : County
        What the two layouts were worked out for; the same where the plan changes schools only.
    before, after : Mapping of str to StageState
        By stage; stages that the plan leaves alone may be absent.
    year : int, optional
        The year whose children are counted; today's by default.
    """

    name: str
    county_before: County
    county: County
    before: Mapping[str, StageState]
    after: Mapping[str, StageState]
    year: int | None = None


def hearing_of_answer(result: RunResult, question: str) -> Hearing:
    """
    Prepare the hearing of a proposal.

    Parameters
    ----------
    result : RunResult
        A finished run.
    question : str
        Name of the question.

    Returns
    -------
    Hearing
        Today, or the question's year without the proposal, and with it.

    Raises
    ------
    ConfigError
        If the run has no such question, or the question has no answer.
    """
    found = {answer.question.name: answer for answer in result.answers}
    if question not in found:
        raise ConfigError(
            msg("The run has no question {name}. It has {names}.", name=question, names=Names(found) or "\u2013")
        )
    answer: Answer = found[question]
    stage = answer.question.stage
    if answer.after is None:
        raise ConfigError(
            msg("The question {name} has no answer, so that nothing changes for any village.", name=question)
        )
    county = result.county
    if answer.before is not None:
        county, _ = county_asked_of(county, answer.question)
    before = answer.before if answer.before is not None else result.base[stage]
    return Hearing(question, county, county, {stage: before}, {stage: answer.after}, year=answer.year)


def hearing_villages(hearing: Hearing) -> pd.DataFrame:
    """
    Say for every village what the plan changes.

    Parameters
    ----------
    hearing : Hearing
        The two layouts.

    Returns
    -------
    pandas.DataFrame
        As :func:`planning.scenario.village_ways.changed_villages` gives it, of all stages, and ``stage``.
    """
    tables = []
    for stage, after in hearing.after.items():
        before = village_ways(hearing.county_before, hearing.before[stage])
        tables.append(changed_villages(before, village_ways(hearing.county, after)).assign(stage=stage))
    table = pd.concat(tables)
    table["changes"] = table.groupby(level=["township", "village"])["changes"].transform("any")
    return table


def print_hearing(
    hearing: Hearing,
    *,
    villages: Collection[str] = (),
    format: Format = "pdf",  # noqa: A002 - the word of the command line
    language: Language | None = None,
    map_number: str = "",
    day: dt.date | None = None,
    tell: Tell | None = None,
) -> bytes:
    """
    Print hearing sheets, a page a village.

    Parameters
    ----------
    hearing : Hearing
        The two layouts.
    villages : collection of str
        Names of villages; by default all for which something changes.
    format : str
        ``pdf`` or ``docx``.
    language : str, optional
        ``zh`` or ``en``; that of the project by default.
    map_number : str
        Number of the map review.
    day : datetime.date, optional
        Date of the sheets; today by default.
    tell : callable, optional
        Is told how far the work is.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ConfigError
        If a village is not known, or nothing changes for any.
    FontError
        If no font of this machine has Chinese.
    """
    t = get_translator(language or hearing.county.project.language)
    told = tell or (lambda share, doing: None)
    told(0.05, msg("Comparing the villages"))
    content = hearing_content(t, hearing, villages=villages)
    told(0.6, msg("Setting the pages"))
    paper = set_paper(
        t.language, project=hearing.county.project.name, title=t("Hearing sheet"), day=day, map_number=map_number,
        small_margins=True,
    )  # fmt: skip
    return to_pdf(content, paper) if format == "pdf" else to_word(content, paper)


def hearing_content(t: Translator, hearing: Hearing, *, villages: Collection[str] = ()) -> Content:
    """
    Say what the sheets hold.

    Parameters
    ----------
    t : Translator
        The language.
    hearing : Hearing
        The two layouts.
    villages : collection of str
        Names of villages; by default all for which something changes.

    Returns
    -------
    Content
        A page a village.

    Raises
    ------
    ConfigError
        If a village is not known, or nothing changes for any.
    """
    table = hearing_villages(hearing)
    chosen = _chosen(table, villages)
    sheets = _Sheets(t, hearing)
    blocks: list[Block] = []
    for number, (keys, rows) in enumerate(chosen.groupby(level=["township", "village"], sort=True)):
        if number:
            blocks.append(PageBreak())
        township, village = (str(key) for key in keys) if isinstance(keys, tuple) else ("", str(keys))
        blocks.extend(sheets.sheet(township, village, rows))
    return Content(t("Hearing sheet"), tuple(blocks), has_title=False)


def _chosen(table: pd.DataFrame, villages: Collection[str]) -> pd.DataFrame:
    names = table.index.get_level_values("village")
    unknown = sorted(set(villages) - set(names))
    if unknown:
        raise ConfigError(
            msg(
                "There is no village {names} with children of this stage. Villages bear their own name, or that of the mapped "
                "place close by; leave the village out for all that change.",
                names=Names(unknown),
            )
        )
    chosen: pd.DataFrame = table[names.isin(list(villages))] if villages else table[table["changes"]]
    if chosen.empty:
        raise ConfigError(msg("The plan changes the way to school of no village, so that there is nothing to print."))
    return chosen


class _Sheets:
    """Writes the sheets of one hearing; holds what all of them share."""

    def __init__(self, t: Translator, hearing: Hearing) -> None:
        self.t, self.hearing = t, hearing
        self.county = hearing.county
        self.pieces = ground_pieces(draw_ground(self.county))
        self.source = data_words(t, self.county)
        cells = self.county.cells
        homes = pd.DataFrame(
            {
                "township": cells["township"].fillna("").astype(str).to_numpy(dtype=object),
                "village": np.array(place_names(self.county, np.arange(len(cells))), dtype=object),
                "x": cells.geometry.x.to_numpy(),
                "y": cells.geometry.y.to_numpy(),
                "pupils": sum(cells[name] for name in cells if str(name).startswith("pupils_")).to_numpy(dtype=float),
            }
        )
        self.homes = dict(list(homes[homes["pupils"] > 0].groupby(["township", "village"])))

    def sheet(self, township: str, village: str, rows: pd.DataFrame) -> Iterator[Block]:
        """Write one page."""
        t = self.t
        yield Heading(words(village, Piece(f"  {township}", "soft") if township != village else ""))
        about = [t("On the plan: {name}", name=self.hearing.name)]
        if self.hearing.year is not None:
            about.append(t("for the pupils of {year}", year=self.hearing.year))
        yield Paragraph(words(t(", ").join(about)), "soft")
        yield Paragraph(words(self._told(village, rows)), "proof")
        yield self._table(rows)
        yield from self._map(township, village, rows)
        yield Heading(words(t("What the standards say")), level=2)
        yield Notes(tuple(self._standards(rows)))
        yield Heading(words(t("Questions that parents ask")), level=2)
        yield self._questions(rows)
        yield self._answer()

    def _told(self, village: str, rows: pd.DataFrame) -> str:
        """Say in a few sentences what changes."""
        t = self.t
        told = []
        for keys, row in rows.iterrows():
            band = term(t, str(keys[-1] if isinstance(keys, tuple) else keys))
            n = t.number(_whole(row["pupils_after"]))
            was, now = _text(row["school_before"]), _text(row["school_after"])
            if _whole(row["boarders_after"]) > _whole(row["boarders_before"]):
                told.append(
                    t(
                        "{grades}: {n} children; {m} board at {school}.",
                        grades=band,
                        n=n,
                        m=t.number(_whole(row["boarders_after"])),
                        school=now,
                    )
                )
            elif was != now:
                told.append(
                    t(
                        "{grades}: {n} children go to {after} instead of {before}.",
                        grades=band,
                        n=n,
                        after=now or "\u2013",
                        before=was or "\u2013",
                    )
                )
            elif bool(abs(_number(row["distance_m_after"]) - _number(row["distance_m_before"])) > 1):
                told.append(
                    t(
                        "{grades}: {n} children stay at {school}; some go to another school.",
                        grades=band,
                        n=n,
                        school=now,
                    )
                )
            else:
                told.append(
                    t(
                        "{grades}: {n} children stay at {school}, the way stays the same.",
                        grades=band,
                        n=n,
                        school=now or "\u2013",
                    )
                )
        return (" " if t.language == "en" else "").join(told)

    def _table(self, rows: pd.DataFrame) -> Table:
        t = self.t
        written: list[Row] = []
        for keys, row in rows.iterrows():
            band, stage = str(keys[-1] if isinstance(keys, tuple) else keys), str(row["stage"])
            written.append(
                Row(
                    (
                        words(
                            Piece(
                                t(
                                    "{grades}: {n} children",
                                    grades=term(t, band),
                                    n=t.number(_whole(row["pupils_after"])),
                                ),
                                "strong",
                            )
                        ),
                    ),
                    "total",
                )
            )
            written.extend(
                Row((words(name), words(before), words(after)))
                for name, before, after in self._lines(stage, row.to_dict())
            )
        heads = (
            t("Indicator"),
            t("{year} without it", year=self.hearing.year) if self.hearing.year else t("Today"),
            t("{year} with it", year=self.hearing.year) if self.hearing.year else t("With the plan"),
        )
        return Table(tuple(Column(words(head)) for head in heads), tuple(written))

    def _lines(self, stage: str, row: Mapping[Hashable, Any]) -> Iterator[tuple[str, str, str]]:
        """Give school, way, time, kind of going and who is beyond the limit, before and after."""
        t = self.t
        modes = [term(t, self.hearing.before[stage].mode), term(t, self.hearing.after[stage].mode)]

        def both(write: Callable[[str, int], str]) -> tuple[str, str]:
            return write("before", 0), write("after", 1)

        def school(when: str, _: int) -> str:
            others = _whole(row[f"other_schools_{when}"])
            name = _text(row[f"school_{when}"]) or "\u2013"
            return t("{school} and {n} more", school=name, n=others) if others else name

        def way(when: str, _: int) -> str:
            return (
                quantity(t, _number(row[f"distance_m_{when}"]), "m") if _known(row[f"distance_m_{when}"]) else "\u2013"
            )

        def time(when: str, _: int) -> str:
            if not _known(row[f"time_min_{when}"]):
                return "\u2013"
            return t(
                "{mean} min; the longest {longest} min",
                mean=t.number(_number(row[f"time_min_{when}"])),
                longest=t.number(_number(row[f"longest_min_{when}"])),
            )

        def going(when: str, at: int) -> str:
            boarders, all_ = _whole(row[f"boarders_{when}"]), _whole(row[f"pupils_{when}"])
            if not boarders:
                return t("by day, {mode}", mode=modes[at])
            ride = t("{n} min by car", n=t.number(_number(row[f"ride_min_{when}"])))
            if boarders == all_:
                return t("boarding ({ride})", ride=ride)
            return t(
                "{n} of {m} board ({ride}), the others by day, {mode}", n=boarders, m=all_, ride=ride, mode=modes[at]
            )

        def beyond(when: str, _: int) -> str:
            return t.number(_whole(row[f"beyond_{when}"]))

        yield (t("School"), *both(school))
        yield (t("Way to school, one way"), *both(way))
        yield (t("Time, one way"), *both(time))
        yield (t("Day or boarding"), *both(going))
        yield (t("Children beyond the limit"), *both(beyond))
        if _whole(row["without_before"]) or _whole(row["without_after"]):
            yield (
                t("Children without a school or seat"),
                *both(lambda when, _: t.number(_whole(row[f"without_{when}"]))),
            )

    def _map(self, township: str, village: str, rows: pd.DataFrame) -> Iterator[Block]:
        home = self.homes.get((township, village))
        if home is None:
            return
        points: dict[tuple[str, bool], MapPoint] = {}
        for _, row in rows.iterrows():
            stage = str(row["stage"])
            for when, states in (("before", self.hearing.before), ("after", self.hearing.after)):
                code = _text(row[f"site_id_{when}"])
                sites = states[stage].sites
                is_planned = when == "after" and code not in set(rows["site_id_before"].dropna())
                if code in sites.index and (when == "before" or is_planned):
                    place = sites.geometry[code]
                    name = str(sites.at[code, "name"]) or code
                    points.setdefault((code, is_planned), MapPoint(float(place.x), float(place.y), name, is_planned))
        drawn = village_map(
            self.t,
            self.pieces,
            home[["x", "y"]].to_numpy(dtype=float),
            list(points.values())[:_MOST_SCHOOLS],
        )
        yield dataclasses.replace(drawn, source=self.source)

    def _standards(self, rows: pd.DataFrame) -> Iterator[Words]:
        """Cite the limits of the grades, what holds for boarding, and what is asked before a school closes."""
        t, county = self.t, self.county
        for keys, row in rows.iterrows():
            band, stage = str(keys[-1] if isinstance(keys, tuple) else keys), str(row["stage"])
            limit = limit_of_band(county.project, county.pack, band)
            parts = [t("{n} min", n=t.number(limit.time_min))] if math.isfinite(limit.time_min) else []
            parts += [quantity(t, limit.distance_m, "m")] if math.isfinite(limit.distance_m) else []
            if parts:
                cited = cite_limit(t, county.project, county.pack, measure="limit_of_band", stage=stage, band=band)
                said = t("{grades}: one way at most {limit}.", grades=term(t, band), limit=t(", ").join(parts))
                yield _cited(said, cited)
            rule = county.pack.rule(f"bands.{band}.may_board")
            if rule is not None and not rule.yes:
                yield _cited(
                    t("{grades}: children do not board.", grades=term(t, band)),
                    cite(t, county.pack, f"bands.{band}.may_board"),
                )
        closes = [
            _text(row["school_before"])
            for _, row in rows.iterrows()
            if _text(row["site_id_before"])
            and _text(row["site_id_before"]) not in self.hearing.after[str(row["stage"])].sites.index
        ]
        gate = next((gate for gate in county.pack.closure_gate if gate.id == "procedure"), None)
        for school in dict.fromkeys(closes):
            said = t(
                "{school} closes. Before that: a plan, its justification, public notice, a hearing and approval.",
                school=school,
            )
            yield words(said) if gate is None else _cited(said, cite_gate(t, county.pack, gate))

    def _questions(self, rows: pd.DataFrame) -> Table:
        t = self.t
        asked = [
            t("Who decides, and when would it begin?"),
            t("Is there a school bus, who looks after the children on it, and what does it cost?"),
            t("What do bed and meals cost a boarder, and who gets support?")
            if rows["boarders_after"].fillna(0).sum() > 0
            else t("Does my child get a seat, and in a class of what size?"),
            t("What becomes of the teachers and of the building?"),
        ]
        return Table(
            (Column(words(t("Question"))), Column(words(t("Answer of the bureau")))),
            tuple(Row((words(question), words(_ROOM_TO_WRITE))) for question in asked),
        )

    def _answer(self) -> Table:
        t = self.t
        boxes = "    ".join(f"\u25a1 {word}" for word in (t("agreed"), t("not agreed"), t("agreed if:")))
        return Table(
            (Column(words(t("Contact"))), Column(words(t("Opinion of the household")))),
            (
                Row(
                    (
                        words(
                            f"{t('Person')} {_LINE}\n{t('Telephone')} {_LINE}\n{t('Hearing: day and place')} {_LINE}"
                        ),
                        words(f"{boxes} {_LINE}\n{_LINE}{_LINE}{_LINE}\n{t('Signature, day')} {_LINE}"),
                    )
                ),
            ),
        )


def _cited(said: str, cited: Citation) -> Words:
    source = " ".join(part for part in (cited.source, cited.number, cited.clause) if part)
    return words(
        f"{said} ", Piece(source, "soft") if source else "", Piece(f" {cited.badge}", "badge") if cited.badge else ""
    )


def _whole(value: Any) -> int:
    return int(_number(value)) if _known(value) else 0


def _known(value: Any) -> bool:
    return bool(pd.notna(value)) and math.isfinite(float(str(value)))


def _number(value: Any) -> float:
    return float(str(value)) if bool(pd.notna(value)) else math.nan


def _text(value: Any) -> str:
    return str(value) if bool(pd.notna(value)) else ""
