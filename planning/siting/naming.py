"""Name cells and sites in a sentence, and not too many of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["NAMED", "NumberList", "number_list"]

NAMED = 20
"""Cells and sites named one by one in a sentence; of longer lists the number of the rest is told."""


class NumberList(tuple[int, ...]):
    """Rows or columns for a sentence; whoever knows their names may put these in their place."""

    __slots__ = ()

    def __str__(self) -> str:
        """Write the first ``NAMED`` of them, and how many more there are."""
        text = ", ".join(str(number) for number in self[:NAMED])
        return text if len(self) <= NAMED else f"{text} (+{len(self) - NAMED})"


def number_list(numbers: npt.ArrayLike) -> NumberList:
    """
    Write numbers for a sentence.

    Parameters
    ----------
    numbers : array_like of int
        Cells or sites.

    Returns
    -------
    NumberList
        All of them; as text, the first ``NAMED`` and how many more there are.
    """
    return NumberList(np.asarray(numbers, dtype=np.int64).tolist())
