"""Rule packs: what laws, standards and this tool's own defaults say, each number with its source and how sure it is."""

from planning.standards.model import Rule, RulePack
from planning.standards.reading import load_pack, read_pack, shipped_packs

__all__ = ["Rule", "RulePack", "load_pack", "read_pack", "shipped_packs"]
