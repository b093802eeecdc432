"""Roads to a network one can route on: build, modes, merge, snap."""
