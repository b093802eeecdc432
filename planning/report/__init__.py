"""Results into tables, maps, files for other programs and a printed report."""

from planning.report.outputs import write_outputs

__all__ = ["write_outputs"]
