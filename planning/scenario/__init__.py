"""A scenario is the base and a list of edits; this room alone knows the order of the steps from sources to answers."""
