"""An infeasible question: which places make it so, and the least that would have to give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.errors import Message, msg

if TYPE_CHECKING:
    from planning.config import Question
    from planning.scenario.questions import Answer

__all__ = ["Relaxation", "clashing_cells", "relaxations"]

#: What the siting engine says would be enough, and the number in it; its sentences are the keys of its catalogue.
_ENOUGH = {
    "With {p} new sites there is an answer, if all else stays.": ("new", "p"),
    "No {p} new sites reach every cell: at least {fewest} are needed. Allow more new sites, or a longer way.": (
        "new",
        "fewest",
    ),
    "With a budget of {budget} there is an answer, if all else stays.": ("budget", "budget"),
    "With {beds} more beds at site {sites} there is an answer, if all else stays.": ("beds", "beds"),
}


@dataclass(frozen=True)
class Relaxation:
    """
    A question that asks for less than one that has no answer.

    Parameters
    ----------
    words : Message
        What gives.
    question : Question
        The question to ask instead.
    """

    words: Message
    question: Question


def clashing_cells(answer: Answer) -> tuple[str, ...]:
    """
    List the places that make a question infeasible.

    Parameters
    ----------
    answer : Answer
        Its answer.

    Returns
    -------
    tuple of str
        Ids of cells, each once; none where there is an answer, or where it is not for single places.
    """
    if answer.proposal.status != "infeasible":
        return ()
    found = (str(words.params.get("cell_ids", "")).split("\n") for words in answer.proposal.explanation)
    return tuple(dict.fromkeys(cell for cells in found for cell in cells if cell))


def relaxations(answer: Answer) -> tuple[Relaxation, ...]:
    """
    Say what would have to give, each alone, so that an infeasible question has an answer.

    Parameters
    ----------
    answer : Answer
        Its answer.

    Returns
    -------
    tuple of Relaxation
        As far as the engine found it; none where nothing that the question sets is enough alone.
    """
    if answer.proposal.status != "infeasible":
        return ()
    return tuple({str(found.words): found for found in _relaxed(answer)}.values())


def _relaxed(answer: Answer) -> Iterator[Relaxation]:
    question = answer.question
    for words in answer.proposal.explanation:
        key, place = _ENOUGH.get(words.id, ("", ""))
        if not key:
            continue
        value = float(str(words.params[place]))
        if key == "new" and question.new is not None and value > question.new:
            count = int(value)
            yield Relaxation(msg("Ask again with {n} new schools", n=count), question.model_copy(update={"new": count}))
        elif key == "budget" and question.budget is not None and value > question.budget:
            yield Relaxation(
                msg("Ask again with a budget of {n:,.0f} yuan", n=value), question.model_copy(update={"budget": value})
            )
        elif key == "beds" and question.beds is not None and question.new:
            beds = question.beds + int(value)
            yield Relaxation(
                msg("Ask again with {n} beds in each new school", n=beds), question.model_copy(update={"beds": beds})
            )
