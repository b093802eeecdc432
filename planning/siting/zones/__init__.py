"""Villages that stay whole, and zones that hang together."""

from __future__ import annotations

from planning.siting.zones.allocation import WholeAllocation, allocate_whole, allocate_zones

__all__ = ["WholeAllocation", "allocate_whole", "allocate_zones"]
