"""What a rule pack may say: every rule by its path, with its unit and its name. A path that is not here is a misspelling."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from planning.errors import Message, msg
from planning.stages import BANDS, STAGE_OF_BAND

__all__ = ["BASIC_INDICATORS", "CATALOGUE", "INDICATORS", "Entry", "Kind", "is_group"]

Kind = Literal["number", "yes/no", "numbers", "by_classes", "choices"]

#: The seven resource indicators of quality balance, in the order of the document.
INDICATORS = (
    "qualified_teachers", "backbone_teachers", "sports_arts_teachers", "teaching_area", "sports_area",
    "equipment_value", "multimedia_rooms",
)  # fmt: skip
#: The eight of basic balance.
BASIC_INDICATORS = (
    "teaching_area", "sports_area", "equipment_value", "computers", "books", "staff_ratio", "qualified_teachers",
    "mid_title_teachers",
)  # fmt: skip


class Entry(NamedTuple):
    """
    A rule that packs may give.

    Parameters
    ----------
    unit : str
        Its unit; ``1`` is a share, ``ratio`` a coefficient, ``words`` a choice.
    title : Message
        Its name, without the stage or grade band.
    kind : str
        ``number``, ``yes/no``, ``numbers`` (a rising list), ``by_classes`` (a number by how many classes the school has) or
        ``choices`` (a list of words).
    """

    unit: str
    title: Message
    kind: Kind = "number"


_OF_BAND: Mapping[str, Entry] = {
    "time_limit": Entry("min", msg("longest daily way to school")),
    "distance_limit": Entry("m", msg("longest daily way to school, by distance")),
    "walking_speed": Entry("km/h", msg("walking speed on level ground")),
    "may_board": Entry("yes/no", msg("may board"), "yes/no"),
    "weekly_time_limit": Entry("min", msg("longest weekly way of a boarder")),
    "free_transport_beyond": Entry("m", msg("free transport beyond")),
}
_OF_STAGE: Mapping[str, Entry] = {
    "size_classes": Entry("classes", msg("class counts in which schools are built"), "numbers"),
    "class_size_max": Entry("pupils", msg("largest class")),
    "class_size_design": Entry("pupils", msg("class that buildings are designed for")),
    "class_size_far": Entry("pupils", msg("class that buildings are designed for in the long term")),
    "school_size_min": Entry("pupils", msg("smallest new school")),
    "school_size_max": Entry("pupils", msg("largest school")),
    "school_classes_max": Entry("classes", msg("most classes of a school")),
    "service_radius": Entry("m", msg("service radius in cities and towns, in a straight line")),
    "living_circle": Entry("min", msg("living circle that it belongs to")),
    "guide_time": Entry("min", msg("guide to the longest way")),
    "estate_people": Entry("people", msg("residents from whom on a housing estate brings a school")),
    "seats_per_1000": Entry("seats/1000", msg("seats for each 1,000 residents")),
    "pupils_per_staff": Entry("pupils/staff", msg("pupils to one member of staff")),
    "pupils_per_staff_rural": Entry("pupils/staff", msg("pupils to one member of staff in the countryside")),
    "pupils_per_teacher": Entry("pupils/staff", msg("pupils for each teacher")),
    "floors_max": Entry("floors", msg("most floors of the main teaching rooms")),
    "boarding_floors_max": Entry("floors", msg("most floors in a township boarding school")),
    "floor_area_basic": Entry("m2/pupil", msg("floor area, basic level"), "by_classes"),
    "floor_area_planning": Entry("m2/pupil", msg("floor area, planning level"), "by_classes"),
    "land_max": Entry("m2/pupil", msg("land, upper limit"), "by_classes"),
    "land_total": Entry("m2", msg("land of a school"), "by_classes"),
    "dorm_area_min": Entry("m2/boarder", msg("dormitory area, least")),
    "dorm_area_max": Entry("m2/boarder", msg("dormitory area, most")),
    "cv_max": Entry("ratio", msg("largest coefficient of variation of an indicator")),
    "composite_cv_max": Entry("ratio", msg("largest mean of the coefficients of variation")),
    "zoned_enrolment_min": Entry("1", msg("enrolled in their own zone, least share")),
    "peak_year": Entry("year", msg("year in which pupils are most numerous nationwide")),
    "small_from": Entry("pupils", msg("counts as small from")),
    "medium_from": Entry("pupils", msg("counts as medium from")),
    "large_from": Entry("pupils", msg("counts as large from")),
    "mega_from": Entry("pupils", msg("counts as very large from")),
    "merge_advice_township": Entry("pupils", msg("merging is advised below, in townships")),
    "merge_advice_town": Entry("pupils", msg("merging is advised below, in towns")),
    "merge_advice_city": Entry("pupils", msg("merging is advised below, in cities")),
}
_OF_INDICATOR: Mapping[str, Entry] = {
    "qualified_teachers": Entry("per100", msg("teachers above the required qualification for each 100 pupils")),
    "backbone_teachers": Entry("per100", msg("backbone teachers of county level and above for each 100 pupils")),
    "sports_arts_teachers": Entry("per100", msg("teachers of sports and arts for each 100 pupils")),
    "teaching_area": Entry("m2/pupil", msg("teaching and auxiliary rooms for each pupil")),
    "sports_area": Entry("m2/pupil", msg("sports grounds and halls for each pupil")),
    "equipment_value": Entry("yuan/pupil", msg("teaching equipment for each pupil")),
    "multimedia_rooms": Entry("per100", msg("networked multimedia classrooms for each 100 pupils")),
    "computers": Entry("per100", msg("computers for each 100 pupils")),
    "books": Entry("books/pupil", msg("books for each pupil")),
    "staff_ratio": Entry("per100", msg("staff for each 100 pupils")),
    "mid_title_teachers": Entry("per100", msg("teachers of middle and higher title for each 100 pupils")),
}
_OF_LAND: Mapping[str, Message] = {
    "water": msg("water"),
    "steep": msg("steep ground"),
    "hazard": msg("hazard areas"),
    "farmland": msg("protected farmland"),
    "railway": msg("railways"),
    "trunk_road": msg("trunk roads"),
    "expressway": msg("expressways"),
    "other": msg("other excluded land"),
    "fuel_station": msg("fuel stations"),
    "oil_pipeline_buried": msg("buried pipelines of flammable liquid"),
    "oil_pipeline_above": msg("pipelines of flammable liquid above ground"),
    "lpg_pipeline_buried": msg("buried pipelines of liquefied gas"),
    "lpg_pipeline_above": msg("pipelines of liquefied gas above ground"),
    "internet_cafe": msg("internet cafés"),
}
_OF_CIRCLE: Mapping[str, Entry] = {
    "radius": Entry("m", msg("radius")),
    "radius_max": Entry("m", msg("radius, upper end")),
    "people_min": Entry("people", msg("residents, least")),
    "people_max": Entry("people", msg("residents, most")),
}
_OTHERS: Mapping[str, Entry] = {
    "small_school_below": Entry("pupils", msg("Counts as a small school below")),
    "small_school_staff_per_class": Entry("staff/class", msg("Small school: staff for each class")),
    "nine_year.school_size_max": Entry("pupils", msg("Nine-year school: most pupils of grades 1-9")),
    "nine_year.school_classes_max": Entry("classes", msg("Nine-year school: most classes")),
    "nine_year.split": Entry("yes/no", msg("Nine-year school: judged as two parts"), "yes/no"),
    "nine_year.floor_area_basic": Entry("m2/pupil", msg("Nine-year school: floor area, basic level"), "by_classes"),
    "nine_year.floor_area_planning": Entry(
        "m2/pupil", msg("Nine-year school: floor area, planning level"), "by_classes"
    ),
    "teaching_point.size_classes": Entry("classes", msg("Incomplete primary school: class counts"), "numbers"),
    "teaching_point.class_size_design": Entry("pupils", msg("Incomplete primary school: class it is designed for")),
    "teaching_point.school_size": Entry("pupils", msg("Incomplete primary school: pupils it is designed for")),
    "teaching_point.evaluated_from": Entry("pupils", msg("Teaching points are evaluated from")),
    "teaching_point.counted_as": Entry("pupils", msg("Small schools are funded as if they had")),
    "evaluation.indicators_met_min": Entry("indicators", msg("Indicators that a school must meet")),
    "evaluation.floor_ratio": Entry("1", msg("The other indicators reach at least this share of their value")),
    "evaluation.cv_of_each": Entry("yes/no", msg("Each coefficient of variation is tested on its own"), "yes/no"),
    "evaluation.basic_balance_years": Entry("years", msg("Years since the county passed basic balance")),
    "evaluation.music_room_classes": Entry("classes", msg("Classes for which there is a music room")),
    "evaluation.music_room_area": Entry("m2", msg("Area of a music room, least")),
    "evaluation.art_room_classes": Entry("classes", msg("Classes for which there is an art room")),
    "evaluation.art_room_area": Entry("m2", msg("Area of an art room, least")),
    "evaluation.special_fund_min": Entry("yuan/pupil", msg("Public funds of special education")),
    "evaluation.training_hours": Entry("hours", msg("Training of each teacher in five years")),
    "evaluation.rotation_share": Entry("1", msg("Teachers who change school in a year, of those due")),
    "evaluation.rotation_backbone_share": Entry("1", msg("Backbone teachers among those who change school")),
    "evaluation.licensed_share": Entry("1", msg("Teachers with a licence")),
    "evaluation.senior_quota_share": Entry("1", msg("Places of good senior schools given by quota")),
    "evaluation.migrant_public_share": Entry("1", msg("Incoming children in public or purchased places")),
    "evaluation.junior_retention_min": Entry("1", msg("Junior pupils who stay to the end")),
    "evaluation.disabled_enrolment_min": Entry("1", msg("Disabled children of school age who are enrolled")),
    "evaluation.approval_min": Entry("1", msg("Public approval")),
    "evaluation.monitor_level_min": Entry("level", msg("Level in national monitoring")),
    "evaluation.school_difference_max": Entry("1", msg("Difference between schools in national monitoring")),
    "class_size.fairly_large_from": Entry("pupils", msg("A class counts as fairly large from")),
    "class_size.large_from": Entry("pupils", msg("A class counts as large from")),
    "class_size.oversize_from": Entry("pupils", msg("A class counts as oversize from")),
    "class_size.large_share_max": Entry("1", msg("Large classes, most")),
    "class_size.oversize_share_max": Entry("1", msg("Oversize classes, most")),
    "township.junior_min": Entry("schools", msg("Junior secondary schools of each township")),
    "township.nodes": Entry("words", msg("Schools that each township has"), "choices"),
    "boarding.beds_per_boarder": Entry("beds/boarder", msg("Beds for each boarder")),
    "boarding.dorm_area_min": Entry("m2/boarder", msg("Dormitory area, least")),
    "boarding.people_per_room_max": Entry("boarders/room", msg("Boarders in a room, most")),
    "boarding.not_in_basement": Entry("yes/no", msg("No dormitory in a basement"), "yes/no"),
    "boarding.care_staff_share": Entry("staff/boarder", msg("Care staff for each boarder")),
    "boarding.day_meals": Entry("yes/no", msg("Day schools offer meals and noon rest"), "yes/no"),
    "boarding.dorm_land": Entry("m2/boarder", msg("Land for the dormitory, upper limit")),
    "boarding.canteen_land": Entry("m2/boarder", msg("Land for the canteen, upper limit")),
    "boarding.small_school_floor_area_min": Entry("m2/pupil", msg("Small school: floor area, least")),
    "boarding.small_school_canteen_min": Entry("m2", msg("Small school: canteen, least")),
    "bus.seats_min": Entry("seats", msg("School bus: seats from which a vehicle counts as one")),
    "bus.cap_expressway": Entry("km/h", msg("School bus: fastest on expressways")),
    "bus.cap_other": Entry("km/h", msg("School bus: fastest on other roads")),
    "bus.cap_hazard": Entry("km/h", msg("School bus: fastest in dangerous places and weather")),
    "bus.planning_speed": Entry("km/h", msg("School bus: planning speed on rural roads")),
    "bus.ride_max": Entry("min", msg("School bus: longest ride")),
    "bus.attendants": Entry("staff", msg("School bus: attendants on board")),
    "bus.stages": Entry("words", msg("School bus: stages it is for"), "choices"),
    "special.population_from": Entry("people", msg("Residents from whom on a county has a special school")),
    "special.enrolment_min": Entry("1", msg("Disabled children who are enrolled")),
    "special.placements": Entry("words", msg("Places where there is no special school"), "choices"),
    "demand.fill_rate": Entry("1", msg("Share of seats that can be filled")),
    "demand.resident_population": Entry("yes/no", msg("Seats follow the resident population"), "yes/no"),
    "demand.cross_stage": Entry("yes/no", msg("Schools may be turned over to another stage"), "yes/no"),
    "demand.early_warning": Entry("yes/no", msg("Changes in pupils are watched and warned of"), "yes/no"),
    "demand.cohort_per_1000": Entry("people/1000", msg("Children of one year of birth for each 1,000 residents")),
    "demand.free_preschool_from": Entry("year", msg("The last preschool year is free from")),
    "estates.handover_months": Entry("months", msg("A school built by an estate is handed over within")),
    "estates.first_phase": Entry("yes/no", msg("An estate's school is built in its first phase"), "yes/no"),
    "closure.transition": Entry("yes/no", msg("A closure has a time of transition"), "yes/no"),
    "closure.provincial_approval": Entry("yes/no", msg("The province approves a closure"), "yes/no"),
    "closure.steps": Entry("words", msg("Steps of a closure"), "choices"),
    "closure.reuse": Entry("words", msg("Uses of closed buildings"), "choices"),
    "siting.window_to_block": Entry("m", msg("From classroom windows to the next block or sports ground")),
    "siting.hazard_excluded": Entry("yes/no", msg("No school on hazard areas"), "yes/no"),
    "siting.pollution_excluded": Entry("yes/no", msg("No school where pollution is above its limits"), "yes/no"),
    "siting.funeral_excluded": Entry(
        "yes/no", msg("No school close to funeral homes, mortuaries and hospitals for infectious diseases"), "yes/no"
    ),
    "siting.explosives_excluded": Entry(
        "yes/no", msg("Schools keep the statutory distance from flammable and explosive goods"), "yes/no"
    ),
    "siting.lines_excluded": Entry(
        "yes/no", msg("No high-voltage line and no oil or gas pipeline crosses a school's ground"), "yes/no"
    ),
    "siting.market_excluded": Entry(
        "yes/no", msg("No school next to markets, entertainment, detention houses and waste stations"), "yes/no"
    ),
    "travel.cycling_from_age": Entry("years", msg("Cycling on roads from age")),
    "travel.reference_distance": Entry("m", msg("Distance beyond which few enrol")),
    "travel.terrain_shortens": Entry("yes/no", msg("Limits are shorter in difficult terrain"), "yes/no"),
    "travel.safe_route": Entry("yes/no", msg("Distances are along a safe route on foot"), "yes/no"),
}


def _expanded() -> dict[str, Entry]:
    found = {f"bands.{band}.{name}": entry for band in STAGE_OF_BAND for name, entry in _OF_BAND.items()}
    for stage in BANDS:
        found |= {f"stages.{stage}.{name}": entry for name, entry in _OF_STAGE.items()}
        if stage in ("primary", "junior"):
            found |= {f"stages.{stage}.indicators.{name}": entry for name, entry in _OF_INDICATOR.items()}
    found |= {f"siting_buffers.{land}": Entry("m", title) for land, title in _OF_LAND.items()}
    found |= {f"circles.{minutes}.{name}": entry for minutes in (5, 10, 15) for name, entry in _OF_CIRCLE.items()}
    return found | dict(_OTHERS)


#: Every rule by its path, such as ``bands.junior.time_limit``.
CATALOGUE: Mapping[str, Entry] = MappingProxyType(_expanded())
_GROUPS = frozenset(path.rsplit(".", depth)[0] for path in CATALOGUE for depth in range(1, path.count(".") + 1))


def is_group(path: str) -> bool:
    """
    Say whether rules stand below a path.

    Parameters
    ----------
    path : str
        Such as ``bands.junior``.

    Returns
    -------
    bool
        True where the catalogue has longer paths that begin with it.
    """
    return path in _GROUPS
