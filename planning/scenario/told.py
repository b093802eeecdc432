"""What has to be said about the sources, gathered while they are read."""

from __future__ import annotations

from dataclasses import dataclass

from planning.errors import Message, SetAside

__all__ = ["Told"]


@dataclass
class Told:
    """
    What has to be said about the sources, gathered on the way.

    Parameters
    ----------
    notices : list of Message
        Reservations that hold for every result.
    set_aside : list of SetAside
        Rows left out or changed, and why.
    """

    notices: list[Message]
    set_aside: list[SetAside]

    def take(self, *, notices: tuple[Message, ...] = (), set_aside: tuple[SetAside, ...] = ()) -> None:
        """
        Add what a source had to say.

        Parameters
        ----------
        notices : tuple of Message
            Its reservations.
        set_aside : tuple of SetAside
            Its rows left out or changed.
        """
        self.notices += notices
        self.set_aside += set_aside
