"""The outside world → checked tables."""

from planning import gdal as gdal  # before any reader: it decides which drivers there are, of rasterio too
