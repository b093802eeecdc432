"""
Where new schools should stand: the location models, each answer with a proven bound.

All functions take costs per pupil from cells to sites; the existing sites are columns like the candidates and are named
by ``fixed``. Results do not depend on the order of rows or columns, except between answers of equal objective, where
lower columns are preferred.
"""

from __future__ import annotations

from planning.siting.alternatives import Alternative, Alternatives, alternatives
from planning.siting.boarding import boarding
from planning.siting.capacitated import capacitated
from planning.siting.contributions import contributions
from planning.siting.fair_median import fair_median
from planning.siting.fairness import Fairness, fairness
from planning.siting.max_coverage import max_coverage
from planning.siting.p_center import p_center
from planning.siting.p_median import p_median
from planning.siting.proposal import BoardingAllocation, Proposal
from planning.siting.set_cover import set_cover
from planning.siting.sizes import SizeOption, size_classes
from planning.siting.spread import LoadBand, Spread, load_band, spread
from planning.siting.why_not import WhyNot, why_not

__all__ = [
    "Alternative",
    "Alternatives",
    "BoardingAllocation",
    "Fairness",
    "LoadBand",
    "Proposal",
    "SizeOption",
    "Spread",
    "WhyNot",
    "alternatives",
    "boarding",
    "capacitated",
    "contributions",
    "fair_median",
    "fairness",
    "load_band",
    "max_coverage",
    "p_center",
    "p_median",
    "set_cover",
    "size_classes",
    "spread",
    "why_not",
]
