"""
The schools that each township has as its nodes (三所学校), what is missing and who stands in; seats for 1,000 residents.

No document found gives a national number of seats for 1,000 residents, so that it is computed from the children who are
there, in each year, and shown beside a pack's own number where a document gives one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN
from planning.demand.outlook import COUNTY
from planning.errors import Names, SchemaError, msg
from planning.stages import BANDS, teaches

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["ESTATE_COLUMNS", "JUNIOR", "NODES", "NODE_COLUMNS", "SEAT_COLUMNS", "estate_triggers", "seats_per_thousand", "township_nodes"]  # fmt: skip

#: Nodes that the program knows how to find; a pack may name others, which people answer.
NODES = ("central_kindergarten", "central_primary", "boarding_school")
#: Stands among the nodes for the junior secondary schools of a township.
JUNIOR = "junior"
NODE_COLUMNS = (
    "township", "node", "path", "verdict", "needed", "there", "school_id", "unsure", "stand_in_id", "stand_in_minutes",
)  # fmt: skip
SEAT_COLUMNS = (
    "year", "township", "stage", "children", "population", "needed_per_1000", "seats", "seats_per_1000", "cited_per_1000", "path",
)  # fmt: skip
ESTATE_COLUMNS = (
    "year", "stage", "children_per_1000", "smallest_school", "size_path", "people", "dwellings", "cited_people",
    "cited_dwellings", "path",
)  # fmt: skip


def _complete(kind: str, stage: str) -> bool:
    return all(teaches(kind, band) for band in BANDS[stage])


#: What kinds of school may be each node. Boarders are of the upper primary grades and of the junior stage.
_KINDS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "central_kindergarten": lambda kind: _complete(kind, "kindergarten"),
        "central_primary": lambda kind: _complete(kind, "primary"),
        "boarding_school": lambda kind: _complete(kind, "primary") or _complete(kind, "junior"),
        JUNIOR: lambda kind: _complete(kind, "junior"),
    }
)
_STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"central_kindergarten": ("kindergarten",), "central_primary": ("primary",), "boarding_school": ("primary", "junior"), JUNIOR: ("junior",)}
)  # fmt: skip


def township_nodes(
    schools: pd.DataFrame, townships: Sequence[str], minutes: pd.DataFrame, pack: RulePack
) -> pd.DataFrame:
    """
    Say which school is each node of each township, what is missing, and which school of another township stands in.

    A node is the largest open public school of its kind in the township: a kindergarten; a primary or nine-year school of all
    primary grades (no teaching point); a school with beds or boarders that teaches all primary or junior grades, the largest
    by its beds. Size is pupils of the node's stages, or seats where pupils are not known; among equals the lower code. Junior
    secondary schools are counted, nine-year and complete secondary schools among them, private ones not.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: kind, township, ownership, status, in_margin, beds, boarders, pupils and seats by stage.
    townships : sequence of str
        The townships.
    minutes : pandas.DataFrame
        Drive from each township (row) to each school (column) [min]; inf where there is no way.
    pack : RulePack
        The nodes are told where it has ``township.nodes``, the junior schools where it has ``township.junior_min``.

    Returns
    -------
    pandas.DataFrame
        Columns ``NODE_COLUMNS``, by township and node. ``needed`` and ``there`` count schools; ``school_id`` is the node, or
        the largest of the junior schools ("" = none). ``verdict`` is unknown where a missing number could turn it: ``unsure``
        names what (ownership, beds, not_listed: the table has no school of the kind at all, node: people have to answer) or
        says that sizes are not known (size). ``stand_in_id`` is the nearest school of another township that is surely one,
        told where the node is not surely there.
    """
    asked: list[tuple[str, str, int]] = []
    nodes, least = pack.rule("township.nodes"), pack.number("township.junior_min")
    if nodes is not None and isinstance(nodes.value, tuple):
        asked += [(str(node), "township.nodes", 1) for node in nodes.value]
    if least is not None:
        asked.append((JUNIOR, "township.junior_min", int(least)))
    ours = schools[(schools["status"] == "open") & ~schools["in_margin"].astype(bool)].sort_index()
    rows: list[tuple[object, ...]] = []
    found = {node: _candidates(ours, node) for node, _, _ in asked if node in _KINDS}
    for township in townships:
        for node, path, needed in asked:
            if node not in found:
                rows.append((township, node, path, UNKNOWN, needed, 0, "", "node", "", math.nan))
                continue
            rows.append((township, node, path, *_at(found[node], township, needed, minutes)))
    return pd.DataFrame(rows, columns=list(NODE_COLUMNS)).astype({"stand_in_minutes": float})


def _candidates(schools: pd.DataFrame, node: str) -> pd.DataFrame:
    """List the schools that are a node, or may be one: township, size, and what is not known of them."""
    there = schools[schools["kind"].map(_KINDS[node]).astype(bool)]
    there = there[there["ownership"] != "private"]
    unsure = pd.Series("", index=there.index, dtype=object)
    if node == "boarding_school":
        beds, boarders = there["beds"].astype("Float64"), there["boarders"].astype("Float64")
        size = pd.concat([beds, boarders], axis=1).max(axis=1).astype("Float64")
        has = (size > 0).fillna(value=False).astype(bool)
        unsure = unsure.mask(~has & (beds.isna() | boarders.isna()), "beds")
        keep = has | (unsure != "")
        there, unsure, size = there[keep], unsure[keep], size[keep]
    else:
        columns = {measure: [f"{measure}_{stage}" for stage in _STAGES[node]] for measure in ("pupils", "seats")}
        pupils, seats = (there[columns[measure]].astype("Float64").sum(axis=1, min_count=1) for measure in columns)
        size = pupils.astype("Float64").fillna(seats.astype("Float64"))
    if node != JUNIOR:  # a township's junior school counts whoever runs it, as long as it is not private
        unsure = unsure.mask((unsure == "") & (there["ownership"] != "public"), "ownership")
    return pd.DataFrame({"township": there["township"], "size": size, "unsure": unsure})


def _at(found: pd.DataFrame, township: str, needed: int, minutes: pd.DataFrame) -> tuple[object, ...]:
    """Answer for one township: verdict, counts, the school, what is unsure, and who stands in."""
    own = found[found["township"] == township]
    sure = own[own["unsure"] == ""]
    shown = sure if len(sure) else own
    best, unsure = "", ""
    if len(shown):
        best = str(shown["size"].fillna(-1.0).sort_values(ascending=False, kind="stable").index[0])
        unsure = "size" if len(shown) > 1 and shown["size"].isna().any() else ""
    if len(sure) >= needed:
        return MET, needed, len(sure), best, unsure, "", math.nan
    if len(own) >= needed:
        verdict, unsure = UNKNOWN, str(own.loc[own["unsure"] != "", "unsure"].iloc[0])
    elif found.empty:
        verdict, unsure = UNKNOWN, "not_listed"
    else:
        verdict = NOT_MET
    others = found[(found["unsure"] == "") & (found["township"] != township)]
    known = minutes.loc[:, minutes.columns.isin(others.index)].T[township].astype(float)
    ways = known[known < math.inf].sort_index().sort_values(kind="stable")
    if ways.empty:
        return verdict, needed, len(sure), best, unsure, "", math.nan
    return verdict, needed, len(sure), best, unsure, str(ways.index[0]), float(ways.iloc[0])


def seats_per_thousand(
    children: pd.DataFrame,
    population: pd.Series,
    pack: RulePack,
    *,
    seats: pd.DataFrame | None = None,
    fill_rate: float = 1.0,
) -> pd.DataFrame:
    """
    Compute the seats that 1,000 residents need, from the children who are there, and hold the seats against them.

    Parameters
    ----------
    children : pandas.DataFrame, shape (n_years * n_townships, n_stages)
        Children of the ages of each stage, by (year, township) [children].
    population : pandas.Series
        Residents of each township [people]; taken to stay as they are in coming years.
    pack : RulePack
        Its own numbers of seats for 1,000 residents, where it has any.
    seats : pandas.DataFrame, optional
        Seats that are there, by township and stage; NA where a school's are not known [seats].
    fill_rate : float
        Share of seats that can be filled [1].

    Returns
    -------
    pandas.DataFrame
        Columns ``SEAT_COLUMNS``, the county as ``*`` after its townships. ``needed_per_1000`` and ``seats_per_1000``
        [seats/1000], NA where nobody lives or seats are not known; ``cited_per_1000`` and ``path`` of the pack's own number.

    Raises
    ------
    SchemaError
        If a township has no number of residents, or the share of seats is out of range.
    """
    if not 0 < fill_rate <= 1:
        raise SchemaError(
            msg("The share of seats that can be filled must be above 0 and at most 1, not {value}.", value=fill_rate)
        )
    names = list(dict.fromkeys(children.index.get_level_values(1)))
    lacking = [str(name) for name in names if name not in population.index]
    if lacking:
        raise SchemaError(msg("Residents are not given for {names}.", names=Names(lacking)))
    people = {**{name: float(population[name]) for name in names}, COUNTY: float(population[names].sum())}
    rows: list[tuple[object, ...]] = []
    for year in dict.fromkeys(children.index.get_level_values(0)):
        for stage in children.columns:
            of_year = children[stage].xs(year, level=0).astype(float)
            own = {name: float(of_year[name]) for name in names}
            there = _seats_there(seats, names, str(stage))
            path = f"stages.{stage}.seats_per_1000"
            cited = pack.number(path)
            for name, number in {**own, COUNTY: sum(own.values())}.items():
                thousands = people[name] / 1000 or math.nan
                rows.append(
                    (
                        int(year), name, stage, number, people[name], number / fill_rate / thousands, there[name],
                        there[name] / thousands, math.nan if cited is None else cited, "" if cited is None else path,
                    )
                )  # fmt: skip
    numbers = ["needed_per_1000", "seats", "seats_per_1000", "cited_per_1000"]
    return pd.DataFrame(rows, columns=list(SEAT_COLUMNS)).astype(dict.fromkeys(numbers, "Float64"))


def _seats_there(seats: pd.DataFrame | None, names: Iterable[str], stage: str) -> dict[str, float]:
    """Give the seats of each township and of the county; NaN where one is not known."""
    known = seats is not None and stage in seats.columns
    there = {
        name: float(seats[stage].astype(float).get(name, 0.0)) if known and seats is not None else math.nan
        for name in names
    }
    return {**there, COUNTY: sum(there.values())}


def estate_triggers(
    needed: pd.DataFrame,
    pack: RulePack,
    *,
    people_per_dwelling: float = 3.0,
    per_dwelling: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """
    Say from how many dwellings on an estate fills a school of the smallest size, by the children who are there.

    A new estate is taken to have as many children for 1,000 residents as the county, unless it is known what a dwelling brings;
    young estates have more. A pack's own number stands beside it, where it has one.

    Parameters
    ----------
    needed : pandas.DataFrame
        As :func:`seats_per_thousand` gives it; the rows of the county are used.
    pack : RulePack
        Smallest sizes of schools, and its own numbers of residents.
    people_per_dwelling : float
        Residents of a dwelling [people/dwelling].
    per_dwelling : Mapping of str to float, optional
        Pupils of each stage that a dwelling brings, where known [pupils/dwelling].

    Returns
    -------
    pandas.DataFrame
        Columns ``ESTATE_COLUMNS``, by year and stage: ``children_per_1000``; ``smallest_school`` [pupils] and its rule;
        ``people`` and whole ``dwellings`` from which on there are as many pupils; ``cited_people`` and ``cited_dwellings`` of
        the pack, with its ``path``. NA where there is no smallest size, no child or no citation.

    Raises
    ------
    SchemaError
        If ``people_per_dwelling`` is not above 0.
    """
    if not 0 < people_per_dwelling < math.inf:
        raise SchemaError(msg("People per dwelling must be above 0, not {value}.", value=people_per_dwelling))
    rows: list[tuple[object, ...]] = []
    for row in needed[needed["township"] == COUNTY].to_dict("records"):
        stage, path = str(row["stage"]), f"stages.{row['stage']}.estate_people"
        rate = (per_dwelling or {}).get(stage)
        share = rate / people_per_dwelling if rate is not None else row["children"] / (row["population"] or math.nan)
        smallest, size_path = _smallest(pack, stage)
        people = smallest / share if share > 0 else math.nan
        cited = pack.number(path)
        rows.append(
            (
                row["year"], stage, 1000 * share, smallest, size_path, people, _dwellings(people, people_per_dwelling),
                math.nan if cited is None else cited,
                math.nan if cited is None else _dwellings(cited, people_per_dwelling), "" if cited is None else path,
            )
        )  # fmt: skip
    found = pd.DataFrame(rows, columns=list(ESTATE_COLUMNS))
    numbers = ["children_per_1000", "smallest_school", "people", "dwellings", "cited_people", "cited_dwellings"]
    return found.astype(dict.fromkeys(numbers, "Float64"))


def _smallest(pack: RulePack, stage: str) -> tuple[float, str]:
    """Give the pupils of the smallest school that is built, and the rule that says so; NaN where none does."""
    given = pack.number(f"stages.{stage}.school_size_min")
    if given is not None:
        return given, f"stages.{stage}.school_size_min"
    classes, a_class = pack.rule(f"stages.{stage}.size_classes"), pack.number(f"stages.{stage}.class_size_max")
    if classes is None or a_class is None:
        return math.nan, ""
    return classes.counts[0] * a_class, f"stages.{stage}.size_classes"


def _dwellings(people: float, people_per_dwelling: float) -> float:
    return math.nan if math.isnan(people) else float(math.ceil(people / people_per_dwelling - 1e-9))
