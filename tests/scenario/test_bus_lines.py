"""Lines of school buses on a straight road: by hand, nobody lost, nobody longer on the way than his grades may."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from line_county import line_county

from planning.scenario.bus_lines import LINE_COLUMNS, bus_lines
from planning.scenario.edits import NewSchool
from planning.scenario.stage_sites import stage_sites

LIMITS = {"primary_lower": 30.0, "primary_upper": 40.0}
CELLS = {
    "ten": {"at": 10_000, "primary_lower": 4, "primary_upper": 3},
    "fifteen": {"at": 15_000, "primary_lower": 2, "primary_upper": 6},
}


def county():
    return line_county(CELLS, {"A": {"at": 0}}, {"N1": 17_500.0})


def riders(cells=CELLS, site="A"):
    rows = [
        (name, band, site, cell[band]) for name, cell in cells.items() for band in LIMITS if cell.get(band) is not None
    ]
    return pd.DataFrame(rows, columns=["cell_id", "band", "site_id", "pupils"])


def test_two_villages_by_hand():
    place = county()
    found = bus_lines(place, stage_sites(place, "primary"), riders(), ride_limits=LIMITS, seats=20)
    # at 25 km/h and with a minute at the stop: 25 min from 10 km, 37 min from 15 km, too long for grades 1-3
    table = found.table
    assert table.columns.to_list() == list(LINE_COLUMNS[2:])
    assert table[["bus", "stop", "pupils"]].iloc[:2].to_numpy().tolist() == [[1, 1, 7], [2, 2, 6]]
    assert table["ride_min"].to_numpy()[:2] == pytest.approx([25, 37], rel=1e-4)
    assert table["bus_km_day"].to_numpy()[:2] == pytest.approx([40, 60], rel=1e-4)
    assert table[["pupils", "reason"]].iloc[2:].to_numpy().tolist() == [[2, "ride_too_long"]]
    assert table["bus"].isna().to_list() == [False, False, True]
    assert (found.pupils, found.buses, found.buses_bound) == (13, 2, 1)
    assert found.km_day == pytest.approx(100, rel=1e-4)
    assert found.max_min == pytest.approx(37, rel=1e-4)
    assert found.mean_min == pytest.approx((7 * 25 + 6 * 37) / 13, rel=1e-4)
    assert table["lat"].between(20, 50).all()


def test_one_limit_is_one_line():
    place = county()
    limits = dict.fromkeys(LIMITS, 60.0)
    found = bus_lines(place, stage_sites(place, "primary"), riders(), ride_limits=limits, seats=20)
    assert found.table[["bus", "order", "pupils"]].to_numpy().tolist() == [[1, 1, 8], [1, 2, 7]]
    assert found.table["ride_min"].to_numpy() == pytest.approx([38, 25], rel=1e-4)
    assert (found.buses, found.buses_bound) == (1, 1)


def test_nobody_and_who_has_no_school_to_ride_to():
    place = county()
    sites = stage_sites(place, "primary")
    none = bus_lines(place, sites, riders().iloc[:0], ride_limits=LIMITS, seats=20)
    assert (len(none.table), none.pupils, none.buses, none.km_day) == (0, 0, 0, 0)
    assert np.isnan(none.mean_min)
    assert np.isnan(none.max_min)
    lost = bus_lines(place, sites, riders(site=""), ride_limits=LIMITS, seats=20)
    assert lost.table.groupby("reason")["pupils"].sum().to_dict() == {"ride_too_long": 15}


def test_a_school_that_is_to_be_built_has_a_stop_on_its_road():
    place = county()
    at = place.candidates.geometry["N1"]
    sites = stage_sites(place, "primary", [NewSchool("N1", "by N1", at.x + 30, at.y + 40, "primary", 30, "primary")])
    found = bus_lines(place, sites, riders(site="N1"), ride_limits=LIMITS, seats=20)
    assert found.table["school"].to_list() == ["by N1"] * 2
    assert found.km_day == pytest.approx(4 * 7.5, abs=0.5)
    assert found.max_min == pytest.approx(7.5 / 25 * 60 + 2 + 70 / (4000 / 60), abs=1)


@pytest.mark.parametrize("seed", range(4))
def test_every_pupil_rides_or_is_listed(seed):
    rng = np.random.default_rng(seed)
    cells = {
        f"v{n}": {"at": float(at), **{band: int(rng.integers(0, 9)) for band in LIMITS}}
        for n, at in enumerate(rng.uniform(500, 19_500, 12).round(-1))
    }
    place = line_county(cells, {"A": {"at": 0}, "B": {"at": 19_900}})
    asked = riders(cells)
    asked["site_id"] = rng.choice(["A", "B"], len(asked))
    found = bus_lines(place, stage_sites(place, "primary"), asked, ride_limits=LIMITS, seats=15)
    assert found.table["pupils"].sum() == asked["pupils"].sum()
    stops = found.table[found.table["bus"].notna()]
    assert stops["pupils"].sum() == found.pupils
    by_bus = stops.groupby(["site_id", "bus"])
    assert by_bus["pupils"].sum().max() <= 15
    assert by_bus["order"].apply(list).map(lambda order: order == list(range(1, len(order) + 1))).all()
    assert stops["ride_min"].max() <= 40 * (1 + 1e-5)
    assert stops["walk_m_max"].max() <= 1000
    assert found.buses_bound <= found.buses == len(by_bus)
    assert by_bus["bus_km_day"].first().sum() == pytest.approx(found.km_day)


def test_it_can_be_stopped():
    place = county()
    sites = stage_sites(place, "primary")
    assert bus_lines(place, sites, riders(), ride_limits=LIMITS, seats=20, cancel=lambda: True) is None
