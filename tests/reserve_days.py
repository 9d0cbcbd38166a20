"""Days, rules and a slow second opinion for the tests of reserve and mending."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from diptych.contingencies import AnswerPolicy
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.model import Hazard, Minute, Role, RoleId, Schedule, SkillId, Staff

RULES = ReservePolicy(
    longest_watch=Minute(5000),
    mark_every=Minute(10),
    standby_grade=4,
    cost_of_person=240,
    cost_of_kit=180,
    cost_of_moving=30,
    own_people=False,
)
ROLES = (
    ("gas", ("anaesthesia",)),
    ("knife", ("surgery", "scrub")),
    ("pair", ("anaesthesia", "scrub")),
)


def with_roles(
    schedule: Schedule, roles: Sequence[tuple[str, tuple[str, ...]]] = ROLES
) -> Schedule:
    known = tuple(
        Role(id=RoleId(id), title=id.title(), skills=tuple(SkillId(skill) for skill in skills))
        for id, skills in roles
    )
    return replace(schedule, procedure=replace(schedule.procedure, roles=known))


def with_staff(schedule: Schedule, *staff: Staff) -> Schedule:
    procedure = schedule.procedure
    return replace(schedule, procedure=replace(procedure, staff=(*procedure.staff, *staff)))


def with_kit(schedule: Schedule, **more: int) -> Schedule:
    kinds = tuple(
        replace(kit, count=kit.count + more.get(kit.id.replace("-", "_"), 0))
        for kit in schedule.procedure.equipment
    )
    return replace(schedule, procedure=replace(schedule.procedure, equipment=kinds))


def filled(masks: np.ndarray) -> bool:
    """Do all places get different bits (scipy)?"""
    if not len(masks):
        return True
    bits = [[bool(int(word) >> b & 1) for word in row for b in range(64)] for row in masks]
    match = maximum_bipartite_matching(csr_matrix(np.array(bits, int)), perm_type="column")
    return bool((match >= 0).all())


def uncovered(
    schedule: Schedule, hazards: Sequence[Hazard], order: int
) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Every set of up to `order` hazards and stretch (from, to) without cover."""
    classes = sort_minutes(schedule, hazards, AnswerPolicy())
    short: dict[int, list[tuple[int, ...]]] = {}
    for number, alive in enumerate(classes.alive):
        here = np.flatnonzero(alive).tolist()
        sets = [c for n in range(1, order + 1) for c in combinations(here, n)]
        short[number] = [
            chosen
            for chosen in sets
            if not filled(
                np.concatenate(
                    [classes.masks[number, classes.first[h] : classes.first[h + 1]] for h in chosen]
                )
            )
        ]
    marks = classes.stretch.tolist()
    for start, end, number in zip(marks[:-1], marks[1:], classes.of.tolist(), strict=True):
        for chosen in short[number]:
            yield chosen, start, end
