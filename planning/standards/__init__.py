"""Rule packs: what laws, standards and this tool's own defaults say, each number with its source and how sure it is."""

from planning.standards.model import Rule, RulePack, load_pack

__all__ = ["Rule", "RulePack", "load_pack"]
