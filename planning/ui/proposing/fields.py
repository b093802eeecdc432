"""Fields of a form that keep nothing of their own: they show what the session's object holds, and write into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from planning.i18n import Translator

__all__ = ["choice", "chosen_many", "number", "switch"]


def number(
    holder: Any,
    name: str,
    label: str,
    *,
    least: float,
    most: float,
    step: float,
    placeholder: str | None = None,
    written: str | None = None,
    on: Any = st,
    help: str | None = None,  # noqa: A002 - Streamlit's own word
) -> None:
    """Ask for a number, which may be left open where there is a placeholder."""
    key = f"ask-{name}"
    value, kind = getattr(holder, name), type(least)
    if value is None and placeholder is None:  # another model's question left it open
        value = getattr(type(holder)(), name)
    if value is not None:
        value = kind(min(max(value, least), most))
    setattr(holder, name, value)  # what is shown is what will be asked
    st.session_state[key] = value

    def changed() -> None:
        setattr(holder, name, st.session_state[key])

    on.number_input(
        label, min_value=least, max_value=most, step=step, key=key, on_change=changed, placeholder=placeholder, help=help,
        format=written,
        **({"value": None} if placeholder is not None else {}),
    )  # fmt: skip


def choice(
    holder: Any,
    name: str,
    label: str,
    options: Mapping[Any, str],
    t: Translator,
    *,
    flat: bool = False,
    on: Any = st,
    then: Callable[[], None] | None = None,
) -> None:
    """Ask for one of several; ``flat`` shows them side by side."""
    # A field a language: the browser keeps the words of the choice, and would show them in the language before.
    key = f"ask-{name}-{t.language}"
    value = getattr(holder, name)
    st.session_state[key] = value if value in options else next(iter(options))

    def changed() -> None:
        setattr(holder, name, st.session_state[key])
        if then is not None:
            then()

    if flat:
        on.segmented_control(
            label, list(options), format_func=options.__getitem__, key=key, on_change=changed, required=True
        )
    else:
        on.selectbox(
            label, list(options), format_func=options.__getitem__, key=key, on_change=changed, filter_mode=None
        )


def chosen_many(holder: Any, name: str, label: str, options: Mapping[str, str], *, placeholder: str) -> None:
    """Ask for any of several."""
    key = f"ask-{name}"
    st.session_state[key] = [code for code in getattr(holder, name) if code in options]

    def changed() -> None:
        value: Sequence[str] = st.session_state[key]
        setattr(holder, name, tuple(value))

    st.multiselect(
        label, list(options), format_func=options.__getitem__, key=key, on_change=changed, placeholder=placeholder
    )


def switch(holder: Any, name: str, label: str, *, on: Any = st, help: str | None = None) -> None:  # noqa: A002 - as above
    """Ask yes or no."""
    key = f"ask-{name}"
    st.session_state[key] = bool(getattr(holder, name))

    def changed() -> None:
        setattr(holder, name, bool(st.session_state[key]))

    on.checkbox(label, key=key, on_change=changed, help=help)
