"""Lower bounds of a project's length, in microseconds: order, and work over capacity.

The work of a set of tasks on a resource divided by its capacity, with the least time before
the first of them can start and after the last of them ends (energetic reasoning over the
sets that the heads and tails give; resources may be unions of people, who then count once).
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.projects.project import Project


def lower_bound(project: Project) -> int:
    """No schedule is shorter: the best of the critical path and of all heads and tails."""
    if len(project.tail) == 0:
        return 0
    first = project.mode_first[:-1]
    least = np.minimum.reduceat(project.length, first)
    head = find_heads(project, least)
    energy = np.minimum.reduceat(project.length[:, None] * project.demand, first, axis=0)
    bound = int((head + least + project.tail).max())
    for resource in np.flatnonzero(project.capacity > 0):
        bound = max(
            bound,
            int(_energy_bound(head, project.tail, energy[:, resource], project.capacity[resource])),
        )
    return bound


@compiled
def find_heads(project: Project, least: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) earliest starts when order alone counts and every task is as short as it can be."""
    head = np.zeros(len(least), np.int64)
    for task in range(len(least)):
        for link in range(project.before_first[task], project.before_first[task + 1]):
            i = project.before[link]
            head[task] = max(head[task], head[i] + least[i] + project.before_lag[link])
    return head


@compiled
def _energy_bound(
    head: NDArray[np.int64], tail: NDArray[np.int64], energy: NDArray[np.int64], capacity: int
) -> int:
    """For each least head and least tail: both, and the work between them over the capacity."""
    best = 0
    by_tail = np.argsort(-tail)
    for low in np.unique(head):
        work = 0
        for n in range(len(by_tail)):
            task = by_tail[n]
            if head[task] >= low and energy[task] > 0:
                work += energy[task]
                best = max(best, low + tail[task] + (work + capacity - 1) // capacity)
    return best
