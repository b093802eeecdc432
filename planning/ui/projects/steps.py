"""Which step of the projects page is looked at; the address carries it, so that a reload comes back to it."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

__all__ = ["first_step", "go_to_step", "keep_step", "step_widget"]

_CHOSEN, _ADDRESS, _MOVES = "projects-step", "step", "projects-moves"


def first_step(steps: Collection[str]) -> str:
    """Give the step to begin with: the one looked at last; in a new session the one of the address."""
    # Only then: while a browser is told its new address, what it sends may still carry the old one.
    step = str(st.session_state.setdefault(_CHOSEN, st.query_params.get(_ADDRESS, "")))
    return step if step in steps else next(iter(steps))


def keep_step(step: str) -> None:
    """Note the step that is looked at."""
    st.session_state[_CHOSEN] = step
    if st.query_params.get(_ADDRESS) != step:
        st.query_params[_ADDRESS] = step


def go_to_step(step: str) -> None:
    """Look at another step from the next run on."""
    st.session_state[_CHOSEN] = step
    st.session_state[_MOVES] = st.session_state.get(_MOVES, 0) + 1


def step_widget() -> str:
    """Give the key of the row of steps; after a move it is a new widget, for the old one remembers its own choice."""
    return f"projects-view-{st.session_state.get(_MOVES, 0)}"
