"""Reference systems on offer: the fitting zone first, every EPSG number what its words say, a wrong zone told."""

from __future__ import annotations

import pyproj
import pytest

from planning.errors import CrsError
from planning.i18n import get_translator
from planning.report.exchange import choose_system, offered_systems, system_warning

EN = get_translator("en")
YUNLAN = (107.9, 27.4, 108.7, 28.0)
OWN = pyproj.CRS(4545)


def test_the_fitting_zone_comes_first_and_the_others_last():
    offered = offered_systems(OWN, YUNLAN)
    assert [system.epsg for system in offered[:6]] == [4545, 4490, 4326, 4524, 4508, 4497]
    assert [system.fits for system in offered] == sorted((system.fits for system in offered), reverse=True)
    assert len({system.epsg for system in offered}) == len(offered) == 2 * 21 + 2 * 11 + 2


@pytest.mark.parametrize("system", offered_systems(OWN, YUNLAN)[3:], ids=lambda system: str(system.epsg))
def test_every_zone_has_the_meridian_and_the_easting_that_its_name_says(system):
    parameters = {one["name"]: one["value"] for one in system.crs.to_json_dict()["conversion"]["parameters"]}
    said = EN.message(system.name)
    meridian = parameters["Longitude of natural origin"]
    assert f"meridian {meridian:g}°E" in said
    million = int(parameters["False easting"] // 1e6)
    assert (f"begin with {million} " in said) == (million > 0)
    assert f"CGCS2000 {3 if 'degree' in system.crs.name else 6}°" in said
    assert "CGCS2000" in system.crs.name
    assert f"EPSG:{system.epsg}" in said


def test_a_zone_that_does_not_fit_is_told_with_what_it_costs():
    fitting, far = choose_system("EPSG:4545", OWN, YUNLAN), choose_system("EPSG:4534", OWN, YUNLAN)
    assert system_warning(fitting, YUNLAN) is None
    assert system_warning(choose_system("4490", OWN, YUNLAN), YUNLAN) is None
    said = EN.message(system_warning(far, YUNLAN))
    assert "does not fit" in said
    # 33.7 degrees of longitude away at 27.4 N: cos(lat) * dlon = 0.522, half its square is 0.136
    assert float(said.split("up to ")[1].split(" m")[0]) == pytest.approx(140, abs=25)
    assert "does not fit" in EN.message(system_warning(choose_system("EPSG:3857", OWN, YUNLAN), YUNLAN))


def test_elsewhere_only_the_own_system_and_degrees_are_offered():
    comoros = offered_systems(pyproj.CRS(32738), (43.2, -11.9, 43.5, -11.3))
    assert [system.epsg for system in comoros] == [32738, 4326]
    assert choose_system(None, pyproj.CRS(32738), (43.2, -11.9, 43.5, -11.3)).epsg == 32738


@pytest.mark.parametrize("text", ["EPSG:999999", "nonsense", "EPSG:4978", "EPSG:5773"])
def test_what_is_no_system_of_a_map_is_refused(text):
    with pytest.raises(CrsError):
        choose_system(text, OWN, YUNLAN)
