"""What may be said of a rule: it is met or not, it cannot be told for want of a number, or it does not apply."""

from __future__ import annotations

__all__ = ["MET", "NOTE", "NOT_APPLICABLE", "NOT_MET", "UNKNOWN"]

MET = "met"
NOT_MET = "not_met"
UNKNOWN = "unknown"
NOT_APPLICABLE = "not_applicable"
#: A default of this tool is not reached: a remark, never a failing.
NOTE = "advisory"
