"""Schools without limits on seats: what they cost in travel and in upkeep; p-median and fixed charge."""
