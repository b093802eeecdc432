"""
Where new schools should stand: the location models, each answer with a proven bound.

All functions take costs per pupil from cells to sites; the existing sites are columns like the candidates and are named
by ``fixed``. Results do not depend on the order of rows or columns, except between answers of equal objective, where
lower columns are preferred.
"""

from __future__ import annotations

from planning.siting.beds.boarding import boarding
from planning.siting.beds.teaching_points import TeachingPoints, teaching_points
from planning.siting.beds.trade_off import Rates, TradeOff, trade_off
from planning.siting.choices.alternatives import Alternative, Alternatives, alternatives
from planning.siting.choices.contributions import contributions
from planning.siting.choices.frontier import Frontier, frontier
from planning.siting.coverage.max_coverage import max_coverage
from planning.siting.coverage.p_center import p_center
from planning.siting.coverage.set_cover import set_cover
from planning.siting.equity.ceiling import capacitated_evenly, variation_of
from planning.siting.equity.fair_median import fair_median
from planning.siting.equity.fairness import Fairness, fairness
from planning.siting.equity.spread import LoadBand, Spread, allocate_evenly, load_band, spread
from planning.siting.median.fixed_charge import fixed_charge
from planning.siting.median.p_median import p_median
from planning.siting.proposal import BoardingAllocation, Proposal
from planning.siting.reasons.why_not import WhyNot, why_not
from planning.siting.seats.capacitated import capacitated
from planning.siting.seats.sizes import SizeOption, size_classes
from planning.siting.years.phases import phases
from planning.siting.years.plan import PhasePlan, PhaseYear
from planning.siting.zones import WholeAllocation, allocate_whole, allocate_zones

__all__ = [
    "Alternative",
    "Alternatives",
    "BoardingAllocation",
    "Fairness",
    "Frontier",
    "LoadBand",
    "PhasePlan",
    "PhaseYear",
    "Proposal",
    "Rates",
    "SizeOption",
    "Spread",
    "TeachingPoints",
    "TradeOff",
    "WholeAllocation",
    "WhyNot",
    "allocate_evenly",
    "allocate_whole",
    "allocate_zones",
    "alternatives",
    "boarding",
    "capacitated",
    "capacitated_evenly",
    "contributions",
    "fair_median",
    "fairness",
    "fixed_charge",
    "frontier",
    "load_band",
    "max_coverage",
    "p_center",
    "p_median",
    "phases",
    "set_cover",
    "size_classes",
    "spread",
    "teaching_points",
    "trade_off",
    "variation_of",
    "why_not",
]
