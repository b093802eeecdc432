"""The project file: what a project may say, checked closed and at once, with the path of every fault."""

from planning.config.parts import Limit
from planning.config.project import (
    Fertility,
    Money,
    Population,
    Project,
    Projection,
    Roadmap,
    Roads,
    SchoolGroups,
    Schools,
    Stage,
    Terrain,
    Travel,
)
from planning.config.question import VARIANTS_OF_BIRTHS, Alternatives, Balance, Enlarge, Frontier, Question
from planning.config.reading import faults_in_words, load_project, read_yaml

__all__ = [
    "VARIANTS_OF_BIRTHS",
    "Alternatives",
    "Balance",
    "Enlarge",
    "Fertility",
    "Frontier",
    "Limit",
    "Money",
    "Population",
    "Project",
    "Projection",
    "Question",
    "Roadmap",
    "Roads",
    "SchoolGroups",
    "Schools",
    "Stage",
    "Terrain",
    "Travel",
    "faults_in_words",
    "load_project",
    "read_yaml",
]
