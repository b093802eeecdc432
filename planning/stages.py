"""School stages, grade bands and kinds of school: the one place that says who teaches whom."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["BANDS", "KINDS", "KINDS_OF_STAGE", "STAGES", "STAGE_OF_BAND", "TEACHES", "stages_of_kind", "teaches"]

#: Stages in the order in which a child passes through them, each with its grade bands.
BANDS = MappingProxyType(
    {
        "kindergarten": ("kindergarten",),
        "primary": ("primary_lower", "primary_upper"),
        "junior": ("junior",),
        "senior": ("senior",),
        "special": ("special",),
    }
)
STAGES = tuple(BANDS)
STAGE_OF_BAND = MappingProxyType({band: stage for stage, bands in BANDS.items() for band in bands})

#: Grade bands that each kind of school teaches. A teaching point holds the lowest grades only.
TEACHES = MappingProxyType(
    {
        "kindergarten": ("kindergarten",),
        "teaching_point": ("primary_lower",),
        "primary": ("primary_lower", "primary_upper"),
        "nine_year": ("primary_lower", "primary_upper", "junior"),
        "junior": ("junior",),
        "secondary": ("junior", "senior"),
        "senior": ("senior",),
        "special": ("special",),
    }
)
KINDS = tuple(TEACHES)


def teaches(kind: str, band: str) -> bool:
    """
    Say whether a kind of school teaches a grade band.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    band : str
        A grade band, such as ``primary_lower``.

    Returns
    -------
    bool
        True where a pupil of the band finds a class there.
    """
    return band in TEACHES[kind]


def stages_of_kind(kind: str) -> tuple[str, ...]:
    """
    List the stages a kind of school has at least one grade band of.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.

    Returns
    -------
    tuple of str
        Stages in school order.
    """
    return tuple(dict.fromkeys(STAGE_OF_BAND[band] for band in TEACHES[kind]))


#: Kinds of school that have at least one grade band of a stage.
KINDS_OF_STAGE = MappingProxyType(
    {stage: tuple(kind for kind in KINDS if stage in stages_of_kind(kind)) for stage in STAGES}
)
