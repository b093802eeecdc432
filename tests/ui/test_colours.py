"""What the map paints: classes at the edges of the legend."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from planning.i18n import Translator
from planning.ui import colours

CELLS = pd.Index([f"c{i}" for i in range(6)], name="cell_id")


@pytest.fixture
def t():
    return Translator("en")


def _state(**parts):
    return SimpleNamespace(bands=("primary_lower",), **parts)


def test_off_road_share_by_hand(t):
    near = pd.DataFrame(
        {"distance_m": [0.0, 1000, 1000, 1000, 1000, np.inf], "off_road_m": [0.0, 0, 100, 101, 501, 7]}, index=CELLS
    )
    people = pd.Series(1.0, index=CELLS)
    found = colours.paint_off_road(_state(nearest={"primary_lower": near}), "primary_lower", people, t)
    assert found.classes.tolist() == [1, 1, 2, 3, 5, 6]
    assert not found.entries[5]["hidden"]
    nobody = colours.paint_off_road(_state(nearest={"primary_lower": near}), "primary_lower", people * 0, t)
    assert not nobody.classes.any()
    assert nobody.entries[5]["hidden"]


def test_a_school_is_full_at_its_last_seat_and_unknown_seats_are_hatched(t):
    ids = [f"s{i}" for i in range(7)]
    seats = pd.Series([100, 100, 100, 100, pd.NA, 0, 0], index=ids, dtype="Int64")
    load = pd.Series([50, 51, 99, 100, 500, 0, 1], index=ids)
    near = pd.DataFrame({"distance_m": 1.0}, index=CELLS)
    state = _state(sites=pd.DataFrame({"seats": seats}), load=load, nearest={"primary_lower": near})
    found, fills = colours.fullness_of_schools(state, t)
    light, some, _, nearly, full = colours.FULLNESS
    assert fills == {"s0": light, "s1": some, "s2": nearly, "s3": full, "s4": "", "s5": light, "s6": full}
    assert len(found.classes) == len(CELLS)
    assert not found.classes.any()
    assert found.entries[-1]["hatched"]


def _catchments(ids, xy, nearest):
    import geopandas as gpd

    sites = gpd.GeoDataFrame(index=pd.Index(ids), geometry=gpd.points_from_xy(*np.transpose(xy)))
    return _state(sites=sites, nearest={"primary_lower": pd.DataFrame({"site_id": nearest}, index=CELLS)})


def test_schools_keep_number_and_colour_whatever_is_planned(t):
    people = pd.Series(1.0, index=CELLS)
    chance = np.random.default_rng(2).uniform(0, 9, (40, 2))
    ids = [f"s{i:02}" for i in range(40)]
    before = _catchments(ids, chance, ["s00", "s07", "s20", "s39", "s20", pd.NA])
    # One is closed, one is new and comes first by its name, and stands where the first one's neighbours were.
    after = _catchments(["a-new", *ids[1:]], [chance[0], *chance[1:]], ["a-new", "s07", "s20", "s39", "s20", pd.NA])
    was = colours.paint_catchments(before, "primary_lower", people, t)
    now = colours.paint_catchments(after, "primary_lower", people, t, base=before)
    assert now.classes[1:].tolist() == was.classes[1:].tolist()
    assert now.sites[1:].tolist() == was.sites[1:].tolist()
    assert now.site_ids == (*ids, "a-new")
    assert now.sites[0] == 41
    assert now.classes[0] != was.classes[0]  # the closed one, which stood there, is its neighbour
