"""
GDAL's vector files, without the drivers that follow what a file says.

GDAL decides which drivers exist when pyogrio and rasterio are first imported. Drivers that follow a path or an address
written *inside* a file (a VRT or GDALG document under another name reads any file of the server) are switched off before
that, which only an import can do: whoever wants pyogrio takes it from here.
"""

from __future__ import annotations

import os

__all__ = ["pyogrio"]

# Both libraries' GDALs know these names; rasterio registers drivers again with each environment, so the setting stays.
_RASTER_DRIVERS = "VRT WMS WCS WMTS DAAS EEDAI STACTA STACIT PLMOSAIC GTI Derived"
_VECTOR_DRIVERS = (
    "OGR_VRT,GDALG,WFS,OAPIF,OGCAPI,CSW,HTTP,Elasticsearch,Carto,AmigoCloud,NGW,ADBC,PDF,MapML,PLSCENES,EEDA,"
    "GML,KML,LIBKML,GeoRSS,GPSBabel"
)

os.environ["GDAL_SKIP"] = " ".join(
    dict.fromkeys([*os.environ.get("GDAL_SKIP", "").replace(",", " ").split(), *_RASTER_DRIVERS.split()])
)
# pyogrio registers once, at its import; rasterio's GDAL lacks most of these and would warn of each, so it never sees them.
_before = os.environ.get("OGR_SKIP")
os.environ["OGR_SKIP"] = _VECTOR_DRIVERS if _before is None else f"{_before},{_VECTOR_DRIVERS}"
import pyogrio  # noqa: E402

if _before is None:
    del os.environ["OGR_SKIP"]
else:
    os.environ["OGR_SKIP"] = _before
del _before
