"""Small days, and the demonstration day, for the tests of choreography."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from diptych.choreography import ChoreographyPolicy, compose, read_roster
from diptych.model import (
    Crossing,
    CutProof,
    Defect,
    Demand,
    Duration,
    Equipment,
    Measured,
    Milestone,
    Owner,
    Precedence,
    Procedure,
    Rest,
    Role,
    SeparationPlan,
    Staff,
    Subject,
    Task,
    TwinCost,
    TwinId,
    Volume,
    Zone,
)
from diptych.tables import SourcedTable, demonstration_roster, load_table

TABLES = ("steps", "skills", "roles", "zones", "equipment", "rest")


@cache
def tables() -> dict[str, SourcedTable]:
    return {name: load_table(name) for name in TABLES}


def area(value: float) -> Measured:
    return Measured(value=value, low=value, high=value, unit="cm2")


def plan(crossings: int = 10, *, swapped: bool = False, calibre: float = 2.0) -> SeparationPlan:
    """A plan whose twin A (B when swapped) gives up more and has the larger defect."""
    a, b = (TwinId.B, TwinId.A) if swapped else (TwinId.A, TwinId.B)
    voxels = np.zeros((3, 1, 1), np.uint8)
    voxels[1:, 0, 0] = (2, 1) if swapped else (1, 2)
    return SeparationPlan(
        id="balanced",
        preference="balanced",
        side=Volume(
            voxels=voxels,
            affine=np.eye(4),
            frame_of_reference="1.2.3",
            modality="SEG",
            source="made by hand",
        ),
        proof=CutProof(value=1, flow=1, proven=True, scale=1.0, method="hand", statement="hand"),
        area_by_tissue={},
        cost_terms={},
        crossings=tuple(
            Crossing(
                order=n,
                vessel=f"v{n}",
                name=f"bridging vein {n}",
                kind="vein",
                owner=Owner.of(a if n % 2 else b),
                position=(0.0, 0.0, 0.0),
                calibre=calibre,
                flow=20.0,
                keeper=a if n % 2 else b,
                rule="larger flow",
            )
            for n in range(1, crossings + 1)
        ),
        costs={
            a: TwinCost(
                own_tissue_given=1.0, brain_given=0.5, vein_flow_given=30.0, vein_flow_kept=50.0
            ),
            b: TwinCost(
                own_tissue_given=1.0, brain_given=0.5, vein_flow_given=20.0, vein_flow_kept=60.0
            ),
        },
        defects={
            a: Defect(skin=area(60.0), dura=area(50.0), bone=area(50.0)),
            b: Defect(skin=area(50.0), dura=area(45.0), bone=area(48.0)),
        },
        notes=(),
    )


@cache
def roster() -> tuple[Staff, ...]:
    return read_roster(demonstration_roster(), tables=tables())


@cache
def demonstration(crossings: int = 10) -> Procedure:
    return compose(plan(crossings), roster(), tables=tables(), policy=ChoreographyPolicy())


def person(id: str, *skills: str, team: str = "both", start: int = 0, end: int = 1000) -> Staff:
    return Staff(
        id=id, name=f"Name {id}", role="worker", skills=skills, team=team, start=start, end=end
    )


def task(
    id: str,
    minutes: int,
    demands: dict[str, int],
    *,
    subject: Subject = Subject.BOTH,
    zones: dict[str, int] | None = None,
    equipment: dict[str, int] | None = None,
) -> Task:
    return Task(
        id=id,
        title=f"Title {id}",
        step=11,
        subject=subject,
        duration=Duration(low=minutes, mode=minutes, high=minutes, planned=minutes),
        demands=tuple(Demand(skill=skill, count=n) for skill, n in demands.items()),
        zones=zones or {},
        equipment=equipment or {},
        priority=2,
        source="made by hand",
    )


def after(before: str, then: str, least: int = 0, most: int | None = None) -> Precedence:
    return Precedence(before=before, after=then, min_lag=least, max_lag=most)


def day(
    tasks: Sequence[Task],
    order: Sequence[Precedence],
    staff: Sequence[Staff],
    *,
    zones: dict[str, int] | None = None,
    equipment: dict[str, int] | None = None,
    rest: Rest | None = None,
) -> Procedure:
    return Procedure(
        tasks=tuple(tasks),
        precedence=tuple(order),
        milestones=(Milestone(id="separation", title="Separation", task=tasks[-1].id),),
        roles=(Role(id="worker", title="Worker", skills=()),),
        staff=tuple(staff),
        zones=tuple(Zone(id=z, title=z, capacity=n) for z, n in (zones or {}).items()),
        equipment=tuple(Equipment(id=e, title=e, count=n) for e, n in (equipment or {}).items()),
        day_start="07:00",
        separation="separation",
        notes=(),
        rest=rest,
    )


def hand_day(**changes: object) -> Procedure:
    """Four tasks, three people, optimum 90 by hand.

    p (60 min, 1 cut), q (40 min, 1 cut + 1 sew), r (30 min, 1 sew) and s (30 min, 2 cut)
    after p. Ann cuts and sews, Bea cuts, Cas sews. s needs both cutters and cannot start
    before p ends at 60, so nothing ends before 90; p beside q from 0 and r beside them
    does it.
    """
    tasks = (
        task("p", 60, {"cut": 1}),
        task("q", 40, {"cut": 1, "sew": 1}),
        task("r", 30, {"sew": 1}),
        task("s", 30, {"cut": 2}),
    )
    staff = (person("ann", "cut", "sew"), person("bea", "cut"), person("cas", "sew"))
    return day(tasks, (after("p", "s"),), staff, **changes)  # type: ignore[arg-type]
