"""A question to the siting engine, as the project file asks it: its keys, and which of them go together."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from planning.config.parts import Closed, Codes, Limit, ModelName, NotNegative, Positive, StageName, school_codes
from planning.errors import Names, msg

__all__ = ["VARIANTS_OF_BIRTHS", "Alternatives", "Balance", "Enlarge", "Frontier", "Question"]

VariantOfBirths = Literal["low", "middle", "high"]
VARIANTS_OF_BIRTHS: tuple[str, ...] = get_args(VariantOfBirths)
"""What births may be told in, lowest first."""

#: Keys of a question that only some models know.
_KEYS_OF_MODELS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("close", "keep", "exceptions", "gate_answers", "enlarge", "min_pupils", "whole", "balance"), ("capacitated",)),
    (("bus_seats", "bus_limit_min"), ("boarding",)),
    (("years", "budget_by_year", "new_by_year", "carry_over"), ("phases",)),
    (("frontier",), ("p_median", "max_coverage", "p_center")),
    (("alternatives",), ("p_median", "max_coverage", "set_cover")),
)


def _all_or_codes(value: object) -> object:
    return value if isinstance(value, bool) else school_codes(value)


def _true_or_keys(value: object) -> object:
    """Take true for the defaults, and false for nothing."""
    if isinstance(value, bool):
        return {} if value else None
    return value


def _each_year(value: object) -> object:
    """Take one number for every year."""
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Year = Annotated[int, Field(ge=1900, le=2100)]
_SumOfYear = Annotated[tuple[NotNegative, ...] | None, BeforeValidator(_each_year)]
_NewOfYear = Annotated[tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None, BeforeValidator(_each_year)]


class Enlarge(Closed):
    """Which schools may be enlarged, to what, and at what price."""

    schools: Codes | None = None
    """Codes of the schools; any complete public school of the stage otherwise."""
    classes: tuple[Annotated[int, Field(gt=0, le=200)], ...] | None = Field(default=None, min_length=1)
    """Class counts a school may be enlarged to; those of the standard otherwise."""
    class_size: int | None = Field(default=None, gt=0, le=100)
    """Seats of a class; the standard's largest class otherwise [seats]."""
    cost_per_seat: NotNegative | None = None
    """To add one seat [yuan]; ``costs.build_per_seat`` otherwise."""


class Frontier(Closed):
    """The curve of a question: what each number of new schools, or each budget, would bring."""

    new: tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None = Field(default=None, min_length=1, max_length=50)
    """Numbers of new schools."""
    budgets: tuple[Positive, ...] | None = Field(default=None, min_length=1, max_length=50)
    """Instead: sums of money; each builds as many schools as it pays for [yuan]."""
    time_limit_s: Positive = Field(default=20.0, le=3600)
    """Longest time for the whole curve [s]."""

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Frontier:
        if (self.new is None) == (self.budgets is None):
            raise ValueError(msg("either new: [1, 2, 3] or budgets: [10000000, 20000000]"))
        return self


class Alternatives(Closed):
    """Other plans nearly as good as the answer."""

    plans: int = Field(default=3, ge=1, le=20)
    """How many, the answer itself not counted."""
    within_percent: Annotated[float, Field(gt=0, le=100)] = 2.0
    """How much worse than the best they may be [%]; no rule, a default of this tool."""
    time_limit_s: Positive = Field(default=20.0, le=3600)
    """Longest time for all of them [s]."""


class Balance(Closed):
    """A coefficient of variation between the schools of the stage as a ceiling."""

    indicator: Literal[
        "qualified_teachers", "backbone_teachers", "sports_arts_teachers", "teaching_area", "sports_area",
        "equipment_value", "multimedia_rooms", "computers", "books", "staff_ratio", "mid_title_teachers",
    ]  # fmt: skip
    """What the schools have; the column of the table of schools that counts it must be there."""
    at_most: Literal["pack"] | Annotated[float, Field(gt=0, le=10)] = "pack"
    """Largest coefficient [1]; that of the standard otherwise."""


class Question(Closed):
    """One question to the siting engine."""

    name: str = Field(min_length=1, max_length=80)
    """What the answer is filed under."""
    stage: StageName
    """Stage it is about."""
    model: ModelName
    """How "best" is meant."""
    new: int | None = Field(default=None, ge=0, le=1000)
    """How many new schools."""
    year: int | None = Field(default=None, ge=1900, le=2100)
    """Year whose children are asked about; those counted today otherwise. Needs a projection."""
    births: VariantOfBirths = "middle"
    """year: variant of births."""
    limit: Limit | None = None
    """Limit of the question; the standard's limit of each grade band otherwise."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """set_cover: share of the pupils to bring within the limit."""
    seats: int | None = Field(default=None, gt=0)
    """Seats of a new school."""
    beds: int | None = Field(default=None, gt=0)
    """boarding: beds of a new hub."""
    weekly_limit: Limit | None = None
    """boarding: limit of the weekly way to the hub."""
    budget: Positive | None = None
    """capacitated: money for building and enlarging [yuan]."""
    close: Annotated[bool | tuple[str, ...], BeforeValidator(_all_or_codes)] = False
    """capacitated: the schools that may be closed: true for any, or their codes."""
    keep: Codes = ()
    """capacitated: codes of schools that stay, whatever ``close`` says."""
    exceptions: int = Field(default=0, ge=0)
    """capacitated: pupils of a closed school who may end up beyond the limit, for whom transport is laid on."""
    gate_answers: dict[str, dict[str, bool]] = Field(default={})
    """close: what people answer to the conditions of the closure gate, by code of the school and key of the condition."""
    enlarge: Annotated[Enlarge | None, BeforeValidator(_true_or_keys)] = None
    """capacitated: true where schools may be enlarged to the sizes of the standard, or the sizes and their price."""
    min_pupils: Positive | None = None
    """capacitated: pupils that a new school, and one that may be closed but stays, must have."""
    whole: bool = False
    """capacitated: the children of a place and grade band all go to one school."""
    balance: Balance | None = None
    """capacitated: how unevenly a resource may be spread between the schools in any answer."""
    bus_seats: int | None = Field(default=None, gt=0, le=100)
    """boarding: seats of a school bus in the comparison of ways [seats]; 40 otherwise."""
    bus_limit_min: Positive | None = None
    """boarding: longest ride in a school bus [min]; the daily limit of each grade band otherwise."""
    frontier: Frontier | None = None
    """p_median, max_coverage, p_center: numbers of new schools, or budgets, to be answered as well."""
    alternatives: Annotated[Alternatives | None, BeforeValidator(_true_or_keys)] = None
    """p_median, max_coverage, set_cover: true for other plans nearly as good, or how many and how good."""
    years: tuple[_Year, ...] | None = Field(default=None, min_length=1, max_length=15)
    """phases: years at whose beginning schools may open, rising."""
    budget_by_year: _SumOfYear = None
    """phases: money for building in each of the years; one sum for every year, or one a year [yuan]."""
    new_by_year: _NewOfYear = None
    """phases: new schools at most in each of the years; one number for every year, or one a year."""
    carry_over: bool = False
    """phases: true where money that a year leaves may be spent in a later one."""
    time_limit_s: Positive = 60.0
    """Longest time the solver may take [s]."""

    @model_validator(mode="after")
    def _years_of_a_plan(self) -> Question:
        if self.model != "phases":
            return self
        if self.close or self.enlarge is not None:
            raise ValueError(
                msg("close and enlarge: a plan by year only opens schools. What may close or grow is asked with model capacitated, which has the closure gate.")
            )  # fmt: skip
        for key, instead in (("new", "new_by_year"), ("year", "years"), ("budget", "budget_by_year")):
            if getattr(self, key) is not None:
                raise ValueError(msg("{key}: not in a plan by year. Write {instead}.", key=key, instead=instead))
        if self.years is None:
            raise ValueError(msg("years must be given for this model, such as [2026, 2028, 2030]"))
        if any(later <= earlier for earlier, later in zip(self.years, self.years[1:], strict=False)):
            raise ValueError(msg("years: each must be later than the one before"))
        if self.budget_by_year is None and self.new_by_year is None:
            raise ValueError(msg("budget_by_year or new_by_year must say how much may be built in each year"))
        for key in ("budget_by_year", "new_by_year"):
            values = getattr(self, key)
            if values is not None and len(values) not in (1, len(self.years)):
                raise ValueError(
                    msg(
                        "{key}: one number for every year, or one for each of the {n} years", key=key, n=len(self.years)
                    )
                )
        if self.carry_over and self.budget_by_year is None:
            raise ValueError(msg("carry_over: only where budget_by_year says how much money there is"))
        return self

    @model_validator(mode="after")
    def _count_where_needed(self) -> Question:
        if self.new is None and self.model in ("p_median", "max_coverage", "p_center"):
            raise ValueError(msg("new must be given for this model"))
        return self

    @model_validator(mode="after")
    def _keys_fit_model(self) -> Question:
        for names, models in _KEYS_OF_MODELS:
            keys = [key for key in names if getattr(self, key) != type(self).model_fields[key].default]
            if keys and self.model not in models:
                raise ValueError(msg("{keys}: only for model {models}", keys=Names(keys), models=Names(models)))
        if isinstance(self.close, tuple):
            both = sorted(set(self.close) & set(self.keep))
            if both:
                raise ValueError(msg("close and keep both name {schools}", schools=Names(both)))
        if self.balance is not None and self.whole:
            raise ValueError(
                msg("balance and whole do not go together: a ceiling needs places whose children may be shared out")
            )
        if self.balance is not None and self.stage not in ("primary", "junior"):
            raise ValueError(msg("balance: only for primary and junior, whose schools are evaluated"))
        if self.exceptions and not self.close:
            raise ValueError(msg("exceptions: only where close says which schools may be closed"))
        if self.gate_answers and not self.close:
            raise ValueError(msg("gate_answers: only where close says which schools may be closed"))
        return self

    @property
    def weighs_money(self) -> bool:
        """
        Say whether ways and money are weighed against each other.

        Returns
        -------
        bool
            True where schools may be closed or enlarged.
        """
        return bool(self.close) or self.enlarge is not None
