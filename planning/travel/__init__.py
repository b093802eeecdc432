"""Travel costs over a network: the router, and the costs between the places where children live and schools."""

from planning.travel.router import Path, Router

__all__ = ["Path", "Router"]
