"""Who goes to which school, how far, and what is missing: costs to allocations, catchments and indicators."""

from __future__ import annotations

from planning.access.allocation import Allocation, allocate, main_school, warm
from planning.access.allocator import Allocator
from planning.access.dispersion import cv
from planning.access.nearest import nearest_school

__all__ = ["Allocation", "Allocator", "allocate", "cv", "main_school", "nearest_school", "warm"]
