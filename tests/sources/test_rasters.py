from __future__ import annotations

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine

from planning.errors import CrsError, SourceError, SourceMissingError
from planning.sources import dem as dem_module
from planning.sources import raster_files, rasters
from planning.sources.rasters import read_dem, read_population

GK = pyproj.CRS.from_epsg(4545)  # CGCS2000, central meridian 108
MOLLWEIDE = "ESRI:54009"


def write(path, values, *, crs="EPSG:4545", corner=(400_000.0, 3_060_000.0), pixel=(100.0, 100.0), nodata=None, **more):
    values = np.atleast_2d(values) if values.ndim < 3 else values
    bands = values if values.ndim == 3 else values[None]
    transform = Affine(pixel[0], 0, corner[0], 0, -pixel[1], corner[1])
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=bands.shape[1],
        width=bands.shape[2],
        count=len(bands),
        dtype=bands.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
        **more,
    ) as raster:
        raster.write(bands)
    return path


@pytest.fixture
def people(tmp_path):
    """100 × 100 m, ten rows, twelve columns; whole numbers so that every sum is exact."""
    values = np.arange(120, dtype="float32").reshape(10, 12)
    return write(tmp_path / "people.tif", values, nodata=-99999.0), values


# --- population: by hand and conserved ----------------------------------------------------------------------------


def test_every_pixel_with_people_is_a_cell(people):
    path, values = people
    grid = read_population(path, crs=GK)
    assert grid.total_inside == grid.total_window == values.sum() == 7140
    assert grid.total_margin == 0
    assert len(grid.cells) == 119  # the first pixel holds nobody
    cell = grid.cells.loc["r1c0"]
    assert cell["population"] == 12
    assert (cell.geometry.x, cell.geometry.y) == pytest.approx((400_050, 3_059_850), abs=1e-6)
    assert grid.window == (0, 0, 10, 12)
    assert grid.cells.crs == GK
    assert not grid.cells["in_margin"].any()
    assert grid.notices == ()


def test_cells_are_those_whose_centre_lies_inside_and_ids_do_not_depend_on_the_window(people):
    path, values = people
    county = shapely.box(400_250, 3_059_300, 400_660, 3_059_700)  # a centre on the line counts
    grid = read_population(path, crs=GK, area=county)
    assert set(grid.cells.index) == {f"r{row}c{column}" for row in (3, 4, 5, 6) for column in (2, 3, 4, 5, 6)}
    assert grid.total_inside == values[3:7, 2:7].sum()
    everything = read_population(path, crs=GK).cells
    assert grid.cells["population"].equals(everything.loc[grid.cells.index, "population"])
    assert grid.window[2] < 10


def test_margin_cells_are_marked_and_counted_apart(people):
    path, values = people
    county = shapely.box(400_300, 3_059_300, 400_600, 3_059_700)
    grid = read_population(path, crs=GK, area=county, margin_m=60)
    assert grid.total_inside == values[3:7, 3:6].sum()
    # 60 m reach the row of centres on each of the four sides, not the corners (70.7 m)
    rim = values[2, 3:6].sum() + values[7, 3:6].sum() + values[3:7, 2].sum() + values[3:7, 6].sum()
    assert grid.total_margin == rim
    assert grid.cells.loc["r2c3", "in_margin"]
    assert not grid.cells.loc["r3c3", "in_margin"]


def test_neighbouring_counties_share_all_people(people):
    path, values = people
    west, east = (
        shapely.box(399_000, 3_058_000, 400_700, 3_061_000),
        shapely.box(400_700, 3_058_000, 402_000, 3_061_000),
    )
    parts = [read_population(path, crs=GK, area=area).total_inside for area in (west, east)]
    assert sum(parts) == values.sum()


def test_strips_change_nothing(people, monkeypatch):
    path, _ = people
    whole = read_population(path, crs=GK)
    monkeypatch.setattr(rasters, "_STRIP_PIXELS", 13)
    again = read_population(path, crs=GK)
    assert again.cells.equals(whole.cells)
    assert again.total_window == whole.total_window


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "int32", "uint32", "float32", "float64"])
def test_sums_do_not_overflow(kind, tmp_path):
    values = np.full((60, 60), 100, dtype=kind)  # 360,000 people: more than 8 or 16 bits hold
    assert read_population(write(tmp_path / "p.tif", values), crs=GK).total_inside == 360_000


def test_mollweide(tmp_path):
    there = pyproj.Transformer.from_crs(4326, MOLLWEIDE, always_xy=True)
    x, y = (round(value, -2) for value in there.transform(106.9, 27.6))
    rng = np.random.default_rng(5)
    values = rng.integers(0, 40, (80, 90)).astype("float32")
    values[rng.random(values.shape) < 0.5] = -200.0
    path = write(tmp_path / "ghs.tif", values, crs=MOLLWEIDE, corner=(x, y), nodata=-200.0)
    expected = values[values > 0].sum()
    grid = read_population(path, crs=GK)
    assert grid.total_inside == expected
    assert grid.notices == ()
    # by brute force: the centres within a county drawn in the project's system
    rows, columns = np.indices(values.shape)
    gx, gy = pyproj.Transformer.from_crs(MOLLWEIDE, GK, always_xy=True).transform(
        x + 100 * (columns + 0.5), y - 100 * (rows + 0.5)
    )
    county = shapely.Point(gx[40, 45], gy[40, 45]).buffer(2_500)
    inside = shapely.contains_xy(county, gx, gy) & (values > 0)
    part = read_population(path, crs=GK, area=county)
    assert part.total_inside == values[inside].sum()
    assert set(part.cells.index) == {f"r{row}c{column}" for row, column in np.argwhere(inside)}


def test_age_bands_of_one_raster(tmp_path):
    values = np.zeros((3, 4, 4), dtype="float32")
    values[0, 1, 1], values[1, 1, 1], values[2, 1, 1] = 50, 6, 4
    values[2, 3, 3] = 2  # children where the total is empty are not lost
    grid = read_population(write(tmp_path / "p.tif", values), crs=GK, age_bands={"0-4": 2, "5-9": 3})
    assert list(grid.cells.index) == ["r1c1", "r3c3"]
    assert grid.cells["people_0-4"].tolist() == [6, 0]
    assert grid.cells["people_5-9"].tolist() == [4, 2]
    assert grid.cells["population"].tolist() == [50, 0]


def test_age_bands_of_other_files_may_be_cut_elsewhere(tmp_path):
    total = write(tmp_path / "t.tif", np.full((6, 6), 10, dtype="float32"))
    ages = np.arange(16, dtype="float32").reshape(4, 4)
    path = write(tmp_path / "a.tif", ages, corner=(400_200.0, 3_059_900.0))
    grid = read_population(total, crs=GK, age_bands={"5-9": path})
    assert grid.cells["people_5-9"].sum() == ages.sum()
    assert grid.cells.loc["r1c3", "people_5-9"] == 1
    assert grid.cells.loc["r0c0", "people_5-9"] == 0


@pytest.mark.parametrize("other", [{"pixel": (90.0, 90.0)}, {"corner": (400_050.0, 3_060_000.0)}, {"crs": "EPSG:4546"}])
def test_age_bands_on_another_grid_are_refused(other, people, tmp_path):
    path = write(tmp_path / "a.tif", np.ones((10, 12), dtype="float32"), **other)
    with pytest.raises(SourceError, match=r"a\.tif: its pixels do not lie on those of people\.tif"):
        read_population(people[0], crs=GK, age_bands={"5-9": path})


# --- population: no-data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [-99999.0, -1.0, 3.4e38, np.nan, np.inf])
def test_undeclared_no_data_is_found_and_told(odd, tmp_path):
    values = np.full((5, 5), 2, dtype="float32")
    values[0, :3] = odd
    grid = read_population(write(tmp_path / "p.tif", values), crs=GK)
    assert grid.total_inside == 44
    (notice,) = grid.notices
    assert notice.reason.params["n"] == 3
    assert "not declared as no-data" in str(notice.reason)


@pytest.mark.parametrize("nodata", [-99999.0, float(np.float32(3.4e38)), np.nan])
def test_declared_no_data_is_no_news(nodata, tmp_path):
    values = np.full((5, 5), 2, dtype="float32")
    values[0, :3] = nodata
    grid = read_population(write(tmp_path / "p.tif", values, nodata=nodata), crs=GK)
    assert grid.total_inside == 44
    assert grid.notices == ()


def test_a_full_type_is_doubted_but_kept(tmp_path):
    values = np.full((5, 5), 2, dtype="uint8")
    values[0, 0] = 255
    grid = read_population(write(tmp_path / "p.tif", values), crs=GK)
    assert grid.total_inside == 48 + 255
    (notice,) = grid.notices
    assert notice.kept
    assert notice.reason.params["value"] == 255


def test_scale_and_offset_are_applied(tmp_path):
    path = write(tmp_path / "p.tif", np.full((5, 5), 25, dtype="int16"))
    with rasterio.open(path, "r+") as raster:
        raster.scales = (0.1,)
    assert read_population(path, crs=GK).total_inside == pytest.approx(62.5)


# --- population: errors -------------------------------------------------------------------------------------------


def test_missing_file(tmp_path):
    with pytest.raises(SourceMissingError, match=r"p\.tif"):
        read_population(tmp_path / "p.tif", crs=GK)


def test_no_crs(tmp_path):
    path = write(tmp_path / "p.tif", np.ones((5, 5), dtype="float32"), crs=None)
    with pytest.raises(CrsError, match=r"p\.tif: the raster does not say where on the globe it lies"):
        read_population(path, crs=GK)


@pytest.mark.parametrize(
    ("value", "nodata", "words"),
    [(-99999.0, -99999.0, "all its pixels there are no-data"), (0.0, -99999.0, "all its pixels there are 0")],
)
def test_empty(value, nodata, words, tmp_path):
    path = write(tmp_path / "p.tif", np.full((5, 5), value, dtype="float32"), nodata=nodata)
    with pytest.raises(SourceError, match=rf"p\.tif: nobody lives in the county by this raster \({words}\)"):
        read_population(path, crs=GK)


def test_boundary_beside_the_raster(people):
    with pytest.raises(SourceError, match=r"people\.tif: the county lies outside this raster"):
        read_population(people[0], crs=GK, area=shapely.box(401_200, 3_059_000, 402_000, 3_060_000))


def test_boundary_where_nobody_lives(tmp_path):
    values = np.zeros((50, 50), dtype="float32")
    values[0, 0] = 9
    path = write(tmp_path / "p.tif", values)
    with pytest.raises(SourceError, match="people live only in the pixels around it"):
        read_population(path, crs=GK, area=shapely.box(400_110, 3_059_000, 401_000, 3_059_890))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<VRTDataset rasterXSize='1'></VRTDataset>", "VRT"),
        (b"II*\x00" + b"\x00" * 100, "damaged|not a GeoTIFF"),
        (b"hello", "not a GeoTIFF"),
    ],
)
def test_not_a_raster(content, words, tmp_path):
    path = tmp_path / "p.tif"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        read_population(path, crs=GK)


def test_truncated(tmp_path):
    rng = np.random.default_rng(1)
    path = write(tmp_path / "p.tif", rng.random((300, 300)).astype("float32"))
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(SourceError, match=r"p\.tif: the raster breaks off or is damaged"):
        read_population(path, crs=GK)


def test_no_such_band(people):
    with pytest.raises(SourceError, match="there is no band 2; the raster has 1"):
        read_population(people[0], crs=GK, band=2)
    with pytest.raises(SourceError, match="there is no band 0; the raster has 1"):
        read_population(people[0], crs=GK, age_bands={"5-9": 0})


def test_a_huge_header_allocates_nothing(tmp_path):
    path = tmp_path / "huge.tif"
    profile = {
        "driver": "GTiff",
        "height": 200_000,
        "width": 200_000,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4545",
    }
    transform = Affine(10, 0, 0, 0, -10, 5_000_000)
    with rasterio.open(path, "w", transform=transform, tiled=True, sparse_ok=True, **profile):
        pass
    assert path.stat().st_size < 20_000_000
    with pytest.raises(SourceError, match="more than a county can need"):
        read_population(path, crs=GK)
    with pytest.raises(SourceError, match="all its pixels there are 0"):
        read_population(path, crs=GK, area=shapely.box(400_000, 4_000_000, 402_000, 4_002_000))


def test_a_raster_stored_in_one_block_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "block.tif", np.ones((60, 50), dtype="float32"), blockysize=60, compress="deflate")
    assert read_population(path, crs=GK).total_inside == 3000
    monkeypatch.setattr(raster_files, "_MAX_BLOCK_BYTES", 60 * 50 * 4 - 1)
    with pytest.raises(SourceError, match="blocks of 60 × 50 pixels, too large to read in parts"):
        read_population(path, crs=GK)


def test_too_many_cells(people, monkeypatch):
    monkeypatch.setattr(rasters, "_MAX_CELLS", 100)
    with pytest.raises(SourceError, match="more than 100 inhabited cells"):
        read_population(people[0], crs=GK)


@pytest.mark.shared_data
def test_grande_comore(shared_data):
    crs = pyproj.CRS.from_epsg(32738)
    path = shared_data / "ngazidja" / "ngazidja_worldpop2020.tif"
    grid = read_population(path, crs=crs)
    assert grid.total_inside == pytest.approx(449_425, abs=0.5)
    assert len(grid.cells) == 123_287
    dem = read_dem(shared_data / "ngazidja" / "ngazidja_srtm1.tif", crs=crs)
    heights = dem.sample(np.column_stack([grid.cells.geometry.x, grid.cells.geometry.y]))
    assert np.nanmax(heights) == pytest.approx(2361, abs=15)
    assert np.isnan(heights).mean() < 0.001


# --- elevation ----------------------------------------------------------------------------------------------------


def plane(n=40, east=0.0, south=0.0, start=500.0):
    rows, columns = np.indices((n, n))
    return (start + east * columns + south * rows).astype("float32")


def test_height_between_pixels(tmp_path):
    path = write(tmp_path / "dem.tif", plane(east=10), pixel=(30.0, 30.0))
    dem = read_dem(path, crs=GK)
    # centre of column 2, then half way to column 3, then the outermost half pixel
    xy = np.array(
        [[400_075.0, 3_059_500.0], [400_090.0, 3_059_500.0], [400_001.0, 3_059_500.0], [399_999.0, 3_059_500.0]]
    )
    assert dem.sample(xy) == pytest.approx([520, 525, 500, np.nan], nan_ok=True)
    assert dem.sample(xy).dtype == np.float32
    assert dem.sample(np.empty((0, 2))).shape == (0,)


def test_height_beside_no_data_takes_what_is_known(tmp_path):
    values = plane()
    values[10:, :] = -9999
    dem = read_dem(write(tmp_path / "dem.tif", values, nodata=-9999), crs=GK)
    at = np.array([[402_000.0, 3_059_001.0], [402_000.0, 3_058_000.0]])
    assert dem.sample(at) == pytest.approx([500, np.nan], nan_ok=True)


def test_slope_of_a_plane(tmp_path):
    path = write(tmp_path / "dem.tif", plane(east=30, south=40), pixel=(100.0, 100.0))
    dem = read_dem(path, crs=GK)
    expected = np.degrees(np.arctan(0.5))  # hypot(0.3, 0.4)
    inner, corner, edge = [402_000.0, 3_058_000.0], [400_001.0, 3_059_999.0], [400_001.0, 3_058_000.0]
    # metres on the ground: this zone's map is off by less than 0.2 per mille there
    assert dem.slope_degrees(np.array([inner, corner, edge])) == pytest.approx([expected] * 3, rel=1e-3)
    assert np.isnan(dem.slope_degrees(np.array([[0.0, 0.0]])))


def test_slope_beside_and_on_no_data(tmp_path):
    values = plane(east=30)
    values[20, 20] = -9999
    dem = read_dem(write(tmp_path / "dem.tif", values, nodata=-9999), crs=GK)
    on, beside = [402_050.0, 3_057_950.0], [402_150.0, 3_057_950.0]
    # seen from the east the hole is level with the pixel itself: of eight parts of the fall two are lost on one side
    flatter = np.degrees(np.arctan((2 * 60 + 2 * 30) / 800))
    assert dem.slope_degrees(np.array([on, beside])) == pytest.approx([np.nan, flatter], rel=1e-3, nan_ok=True)


def test_slope_in_degrees_is_measured_in_metres(tmp_path):
    """At 60° north a degree of longitude is half as long: the same steps are twice as steep eastwards."""
    size = 1 / 1200
    path = write(tmp_path / "dem.tif", plane(east=10), crs="EPSG:4326", corner=(24.0, 60.01), pixel=(size, size))
    utm = pyproj.CRS.from_epsg(32635)
    dem = read_dem(path, crs=utm)
    lon, lat = 24.0 + 20 * size, 60.01 - 20 * size
    xy = np.array(pyproj.Transformer.from_crs(4326, utm, always_xy=True).transform(lon, lat))[None]
    metres = pyproj.Geod(ellps="WGS84").inv(lon, lat, lon + size, lat)[2]
    assert metres == pytest.approx(46.5, abs=0.1)
    assert dem.slope_degrees(xy) == pytest.approx(np.degrees(np.arctan(10 / metres)), rel=1e-3)


def test_window_and_whole_raster_agree(tmp_path):
    rng = np.random.default_rng(3)
    path = write(tmp_path / "dem.tif", rng.random((200, 200)).astype("float32") * 900, pixel=(30.0, 30.0))
    county = shapely.box(402_000, 3_056_000, 403_000, 3_057_000)
    part, whole = read_dem(path, crs=GK, area=county), read_dem(path, crs=GK)
    assert part.values.size < whole.values.size / 10
    xy = rng.uniform([402_000, 3_056_000], [403_000, 3_057_000], (500, 2))
    assert np.array_equal(part.sample(xy), whole.sample(xy))
    assert part.slope_degrees(xy) == pytest.approx(whole.slope_degrees(xy), rel=1e-5)


def test_large_area_is_read_coarser_and_told(tmp_path, monkeypatch):
    path = write(tmp_path / "dem.tif", plane(n=100, east=10), pixel=(30.0, 30.0))
    monkeypatch.setattr(dem_module, "_MAX_PIXELS", 2_500)
    dem = read_dem(path, crs=GK)
    assert dem.values.shape == (50, 50)
    assert "2 times coarser" in str(dem.notices[0].reason)
    assert dem.sample(np.array([[401_500.0, 3_058_500.0]])) == pytest.approx([995], abs=10)
    assert dem.slope_degrees(np.array([[401_500.0, 3_058_500.0]])) == pytest.approx(
        np.degrees(np.arctan(1 / 3)), rel=0.01
    )


def test_eight_bit_elevation_is_doubted(tmp_path):
    values = np.full((20, 20), 200, dtype="uint8")
    values[:5], values[15:] = 255, 0
    dem = read_dem(write(tmp_path / "dem.tif", values), crs=GK)
    said = [str(notice.reason) for notice in dem.notices]
    assert len(said) == 2
    assert "100 pixels stand at 255: higher ground is probably cut off" in said[0]
    assert "100 pixels stand at 0: they may be missing" in said[1]
    assert all(notice.kept for notice in dem.notices)


def test_undeclared_no_data_of_a_dem(tmp_path):
    values = plane()
    values[0] = -32768
    dem = read_dem(write(tmp_path / "dem.tif", values), crs=GK)
    assert np.isnan(dem.values[0]).all()
    assert dem.notices[0].reason.params["n"] == 40


def test_dem_errors(tmp_path):
    empty = write(tmp_path / "empty.tif", np.full((5, 5), -9999, dtype="int16"), nodata=-9999)
    with pytest.raises(SourceError, match=r"empty\.tif: it holds no elevation in the county"):
        read_dem(empty, crs=GK)
    flat = write(tmp_path / "flat.tif", plane())
    with pytest.raises(SourceError, match=r"flat\.tif: the county lies outside this raster"):
        read_dem(flat, crs=GK, area=shapely.box(0, 0, 1000, 1000))
    with pytest.raises(CrsError, match="does not say where on the globe"):
        read_dem(write(tmp_path / "nowhere.tif", plane(), crs=None), crs=GK)
