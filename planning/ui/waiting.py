"""Waiting for a job on a page: progress and a way to stop it, what went wrong in words, and a way to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from planning.i18n import Translator
from planning.ui import shell
from planning.ui.jobs import Job
from planning.ui.words import plain

__all__ = ["awaited", "result_of"]

_POLL_S = 0.6


def result_of(
    start: Callable[..., Job], t: Translator, *, key: str, usual_s: float, doing: str = "", can_stop: bool = False
) -> Any | None:
    """
    Give the result of a job, or show how far it is.

    Parameters
    ----------
    start : callable
        Starts the job, or gives the one that runs or is done; ``again=True`` starts it anew after a failure.
    t : Translator
        The language.
    key : str
        Of the widgets.
    doing : str
        What is being done, in words; by default what the job says of itself.
    usual_s : float
        Time that the bar stands for [s]; the words beside it say the true one.
    can_stop : bool
        Whether the work heeds a wish to stop.

    Returns
    -------
    object or None
        None while there is no result.
    """
    job = start(again=False)
    if not job.done:
        with st.container(border=True, key=f"{key}-wait"):
            _wait(job, t, key=key, doing=doing, usual_s=usual_s, can_stop=can_stop)
        return None
    if job.error is not None:
        shell.show_error(job.error, t)
        st.button(t("Try again"), on_click=start, kwargs={"again": True}, key=f"{key}-again")
        return None
    return job.result()


def awaited(start: Callable[..., Job], t: Translator, *, key: str, usual_s: float) -> Any:
    """Give the result of a job that the whole page needs, or show how far it is and stop the page there."""
    found = result_of(start, t, key=key, usual_s=usual_s)
    if found is None:
        st.stop()
    return found


def _wait(job: Job, t: Translator, *, key: str, doing: str, usual_s: float, can_stop: bool) -> None:
    @st.fragment(run_every=_POLL_S)
    def waiting() -> None:
        if job.done:
            st.rerun()
        share = max(job.share, min(job.seconds() / usual_s, 0.97))
        st.progress(
            share, text=plain(t("{doing} {n} s", doing=doing or t.message(job.doing), n=t.number(job.seconds())))
        )
        if can_stop:
            st.button(t("Stop the work"), on_click=job.cancel.set, key=f"{key}-stop", disabled=job.cancel.is_set())

    waiting()
