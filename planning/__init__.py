"""School Layout Planner (学校布局规划): where a county's schools should stand, with the proof of it."""

__version__ = "0.1.0"
