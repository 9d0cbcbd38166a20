"""Schedules with named people: serial generation, teams by matching, a genetic search."""

from diptych.kernels.crewing.project import FAR, MOST_ROWS, Project, Search
from diptych.kernels.crewing.search import evolve, order_by
from diptych.kernels.crewing.serial import make_plan

__all__ = ["FAR", "MOST_ROWS", "Project", "Search", "evolve", "make_plan", "order_by"]
