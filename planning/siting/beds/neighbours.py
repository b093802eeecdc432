"""Choices of sites that differ from a given one in the course of one site, or of two."""

from __future__ import annotations

import numpy as np

from planning.siting.checks import Bools

__all__ = ["neighbours"]

_MANY = 200  # courses beyond which pairs are not listed
_LARGEST = 10_000_000  # entries beyond which nothing is listed: the list would fill the memory


def neighbours(opened: Bools, free: Bools) -> Bools:
    """
    List the choices in which one or two sites open or close earlier, later or not at all.

    Parameters
    ----------
    opened : numpy.ndarray of bool, shape (n_stages, n_sites)
        Open sites.
    free : numpy.ndarray of bool, shape (n_sites,)
        Sites whose course may change.

    Returns
    -------
    numpy.ndarray of bool, shape (n_choices, n_stages, n_sites)
        The choices, whether or not they keep other rules; pairs only where there are few sites and stages.
    """
    n_stages = len(opened)
    # every course that opens once, and every one that closes once; the rules leave out what does not suit the site
    rises = np.arange(n_stages)[None, :] >= np.arange(n_stages + 1)[:, None]
    courses = np.unique(np.concatenate([rises, ~rises]), axis=0)
    site = np.repeat(np.flatnonzero(free), len(courses))
    course = np.tile(courses, (int(free.sum()), 1))
    other = (course != opened[:, site].T).any(axis=1)
    site, course = site[other], course[other]
    if site.size * opened.size > _LARGEST:
        return np.zeros((0, *opened.shape), dtype=bool)
    single = np.repeat(opened[None], site.size, axis=0)
    single[np.arange(site.size), :, site] = course
    if site.size > _MANY:
        return single
    a, b = np.triu_indices(site.size, 1)
    apart = site[a] != site[b]
    a, b = a[apart], b[apart]
    double = np.repeat(opened[None], a.size, axis=0)
    each = np.arange(a.size)
    double[each, :, site[a]] = course[a]
    double[each, :, site[b]] = course[b]
    return np.concatenate([single, double])
