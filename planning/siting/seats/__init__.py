"""Schools with seats: which to build, enlarge, keep, merge or close, and who goes where."""
