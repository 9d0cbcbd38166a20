"""Schedules with named people: serial generation, teams by matching, a genetic search."""

from diptych.kernels.crewing.project import FAR, MOST_ROWS, Genome, Plan, Project
from diptych.kernels.crewing.search import Search, evolve, fill_pool, seed_genome
from diptych.kernels.crewing.serial import make_plan

__all__ = [
    "FAR",
    "MOST_ROWS",
    "Genome",
    "Plan",
    "Project",
    "Search",
    "evolve",
    "fill_pool",
    "make_plan",
    "seed_genome",
]
