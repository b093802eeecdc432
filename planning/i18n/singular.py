"""English sentences of one: what stands behind the number 1 is said in the singular, so that no catalogue holds both."""

from __future__ import annotations

import functools
import re

__all__ = ["counts", "of_one"]

#: Things that sentences count; a word that is not here stays as it is written.
_NOUNS = {
    "addition": "additions", "area": "areas", "bed": "beds", "boarder": "boarders", "bus": "buses",
    "candidate": "candidates", "cell": "cells", "change": "changes", "child": "children", "class": "classes",
    "classroom": "classrooms", "column": "columns", "condition": "conditions", "day": "days", "driver": "drivers",
    "dwelling": "dwellings", "entry": "entries", "estate": "estates", "fault": "faults", "file": "files", "gap": "gaps",
    "hub": "hubs", "indicator": "indicators", "line": "lines", "node": "nodes", "number": "numbers", "part": "parts",
    "person": "people", "pixel": "pixels", "place": "places", "plan": "plans", "point": "points", "problem": "problems",
    "proposal": "proposals", "pupil": "pupils", "question": "questions", "resident": "residents", "road": "roads",
    "row": "rows", "rule": "rules", "scenario": "scenarios", "school": "schools", "seat": "seats", "shape": "shapes",
    "site": "sites", "stage": "stages", "stop": "stops", "teacher": "teachers", "total": "totals",
    "township": "townships", "value": "values", "village": "villages", "week": "weeks", "year": "years",
}  # fmt: skip
_VERBS = {
    "is": "are", "has": "have", "was": "were", "does": "do", "goes": "go", "lies": "lie", "lives": "live",
    "stands": "stand", "holds": "hold", "waits": "wait", "gets": "get", "finds": "find", "boards": "board",
    "closes": "close", "leads": "lead", "says": "say",
}  # fmt: skip
_ONE_NOUN = {many: one for one, many in _NOUNS.items()}
_ONE_VERB = {many: one for one, many in _VERBS.items()}
_BEHIND = re.compile(
    rf"^( (?:(?:more|other|new|open|closed|inhabited|proposed) )*)({'|'.join(_ONE_NOUN)})\b"
    rf"(?:( (?:that |who )?)({'|'.join(_ONE_VERB)})\b)?"
)
_COUNTED = re.compile(rf"\}} (?:\w+ ){{0,2}}(?:{'|'.join(_ONE_NOUN)})\b")


@functools.lru_cache(maxsize=4096)
def counts(sentence: str) -> bool:
    """
    Say whether a sentence counts something that may be one.

    Parameters
    ----------
    sentence : str
        With its ``{named}`` places.

    Returns
    -------
    bool
        False for most, which need not be looked at any closer.
    """
    return _COUNTED.search(sentence) is not None


def of_one(words: str) -> str:
    """
    Put what stands behind a 1 into the singular.

    Parameters
    ----------
    words : str
        As written for many, up to the next place: `` schools have no seats``.

    Returns
    -------
    str
        `` school has no seats``; the words themselves where they begin with nothing that is counted.
    """
    found = _BEHIND.match(words)
    if found is None:
        return words
    before, noun, between, verb = found.groups()
    said = before + _ONE_NOUN[noun] + (between + _ONE_VERB[verb] if verb else "")
    return said + words[found.end() :]
