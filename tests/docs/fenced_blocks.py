"""The fenced blocks of the documents, and what stands before each of them in a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: ``<!-- not run: why -->`` or ``<!-- needs: command -->`` on the line above a block.
_MARK = re.compile(r"<!-- (not run|needs): ([^>]+) -->\s*\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, where it stands, and what the comment above it says."""

    language: str
    text: str
    line: int
    not_run: str = ""
    needs: str = ""


def blocks_of(document: Path) -> list[Block]:
    """Read the blocks of a document, in order."""
    text = document.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        mark = _MARK.search(text[: fence.start()])
        said = {mark.group(1): mark.group(2).strip()} if mark else {}
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(fence.group(1), fence.group(2), line, said.get("not run", ""), said.get("needs", "")))
    return found
