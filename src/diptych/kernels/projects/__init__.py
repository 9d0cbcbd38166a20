"""Projects with resources, stocks and modes: schedules from lists, and a search over lists.

    project = pack_project(Needs(...))
    search, desk = open_search(project, seed=1), open_desk(project)
    improve(project, search, desk, 100_000)

Usable alone: numpy and numba only.
"""

from diptych.kernels.projects.bounds import lower_bound
from diptych.kernels.projects.generation import Desk, open_desk, spread_tasks
from diptych.kernels.projects.population import Search, improve, offer_schedule, open_search
from diptych.kernels.projects.project import Needs, Project, pack_project
from diptych.kernels.projects.streams import draw_below, open_stream

__all__ = [
    "Desk",
    "Needs",
    "Project",
    "Search",
    "draw_below",
    "improve",
    "lower_bound",
    "offer_schedule",
    "open_desk",
    "open_search",
    "open_stream",
    "pack_project",
    "spread_tasks",
]
