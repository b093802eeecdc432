"""What the project file and its questions share: words that may be chosen from, and a limit of the way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from planning.errors import msg

__all__ = [
    "BandName",
    "Closed",
    "Codes",
    "IndicatorName",
    "KindName",
    "Limit",
    "ModeName",
    "ModelName",
    "NotNegative",
    "Positive",
    "StageName",
    "school_codes",
]

StageName = Literal["kindergarten", "primary", "junior", "senior", "special"]
BandName = Literal["kindergarten", "primary_lower", "primary_upper", "junior", "senior", "special"]
KindName = Literal["kindergarten", "teaching_point", "primary", "nine_year", "junior", "secondary", "senior", "special"]
ModeName = Literal["walk", "bike", "drive"]
ModelName = Literal["p_median", "max_coverage", "set_cover", "p_center", "capacitated", "boarding", "phases"]
IndicatorName = Literal[
    "qualified_teachers", "backbone_teachers", "sports_arts_teachers", "teaching_area", "sports_area", "equipment_value",
    "multimedia_rooms",
]  # fmt: skip
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def school_codes(value: object) -> object:
    """
    Take school codes as text; a code that YAML read as a number becomes text again.

    Parameters
    ----------
    value : object
        What the file says.

    Returns
    -------
    tuple of str
        The codes.

    Raises
    ------
    ValueError
        If it is not a list of codes.
    """
    if isinstance(value, bool) or not isinstance(value, list | tuple):
        raise ValueError(msg("must be a list of school codes in [ ]"))
    if not all(isinstance(code, str) or (isinstance(code, int) and not isinstance(code, bool)) for code in value):
        raise ValueError(msg("must be a list of school codes in [ ]"))
    return tuple(str(code).strip() for code in value)


Codes = Annotated[tuple[str, ...], BeforeValidator(school_codes)]


class Closed(BaseModel):
    """Unknown keys are refused, and a value once read stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Limit(Closed):
    """How far is too far, by time, by distance, or by both."""

    time_min: Positive | None = None
    """Time one way [min]."""
    distance_m: Positive | None = None
    """Distance one way along the way a child goes [m]."""

    @model_validator(mode="before")
    @classmethod
    def _number_is_metres(cls, value: object) -> object:
        return {"distance_m": value} if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _something(self) -> Limit:
        if self.time_min is None and self.distance_m is None:
            raise ValueError(msg("time_min or distance_m must be given"))
        return self
