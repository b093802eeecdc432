"""
The error family, and the messages that errors and reservations carry.

An error holds *what* is wrong as a message id with parameters. The id is the English sentence itself, so that it
reads well in code and in a traceback; :mod:`planning.i18n` puts it into the user's language at the edge of the program
(command line, app, report).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = [
    "ConfigError",
    "CrsError",
    "InfeasibleError",
    "Message",
    "Names",
    "NetworkError",
    "PlanningError",
    "SchemaError",
    "SetAside",
    "SourceError",
    "SourceMissingError",
    "Tell",
    "msg",
]


class Names(tuple[str, ...]):
    """Names side by side in a sentence; each language has its own sign between them."""

    __slots__ = ()

    @classmethod
    def first(cls, names: Iterable[str], most: int) -> Names:
        """
        Take the first of many names.

        Parameters
        ----------
        names : iterable of str
            The names.
        most : int
            How many at most.

        Returns
        -------
        Names
            With an ellipsis where there are more.
        """
        every = tuple(names)
        return cls(every if len(every) <= most else (*every[:most], "…"))

    def __str__(self) -> str:
        """Write them as English does."""
        return ", ".join(self)


@dataclass(frozen=True)
class Message:
    """
    A sentence for people: an English template, which is also its key in the catalogues, and what fills it.

    Parameters
    ----------
    id : str
        English sentence with ``{named}`` places.
    params : Mapping
        What stands in the places; a value may itself be a message, or :class:`Names`.
    """

    id: str
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        """Fill the English template."""
        return self.id.format(**self.params)


Tell = Callable[[float, Message], None]
"""Is told the share of the work that is done, 0 to 1, and what is being done."""


def msg(id: str, /, **params: object) -> Message:  # noqa: A002 - the catalogue's own word
    """
    Make a message; the literal given here is what the catalogues collect.

    Parameters
    ----------
    id : str
        English sentence with ``{named}`` places. Must be a literal.
    **params : object
        What stands in the places.

    Returns
    -------
    Message
        The message, not yet in any language.

    Examples
    --------
    >>> str(msg("{file}: {n} rows were set aside.", file="schools.xlsx", n=3))
    'schools.xlsx: 3 rows were set aside.'
    """
    return Message(id, MappingProxyType(params))


@dataclass(frozen=True)
class SetAside:
    """
    One row or item of a source that was left out, moved or changed, and why: nothing is dropped silently.

    Parameters
    ----------
    source : str
        Name of the file or service.
    item : str
        What the reader of the source calls it: a school's name, a way's number.
    reason : Message
        Why, and what can be done about it.
    row : int or None
        Row in the file as the user's own program numbers it (the heading is row 1); None where there are no rows.
    kept : bool
        True where the item stays in, changed or with a reservation; False where it was left out.
    amount : float
        How many people or pupils hang on it, where that is known [people].
    """

    source: str
    item: str
    reason: Message
    row: int | None = None
    kept: bool = False
    amount: float = 0.0


class PlanningError(Exception):
    """
    Anything this program refuses to do, with the reason and the cure.

    Parameters
    ----------
    message : Message
        What is wrong and what to do.
    faults : iterable of Message
        All single faults, so that a file is mended once.
    """

    def __init__(self, message: Message, faults: Iterable[Message] = ()) -> None:
        super().__init__(message, tuple(faults))
        self.message = message
        self.faults: tuple[Message, ...] = tuple(faults)

    def __str__(self) -> str:
        """Say it in English, one fault a line."""
        return "\n".join([str(self.message), *(f"  {fault}" for fault in self.faults)])


class ConfigError(PlanningError, ValueError):
    """A project file or rule pack that cannot be taken as it stands."""


class SchemaError(PlanningError, ValueError):
    """A table whose content breaks its schema."""


class SourceError(PlanningError, ValueError):
    """A foreign file or service that cannot be read as what it should be."""


class SourceMissingError(SourceError, FileNotFoundError):
    """A file that is named but not there."""


class CrsError(PlanningError, ValueError):
    """Coordinates without a reference system, or in one that does not fit the task."""


class NetworkError(PlanningError, ValueError):
    """Roads that make no usable network."""


class InfeasibleError(PlanningError, ValueError):
    """A question that no answer can satisfy, with the reason."""
