"""Published days composed again, and whether the band of simulated days holds their times.

What is known of a day (stages, turn, what was done before, a few lengths) is composed, what
is unknown stays as in the tables. Two numbers are then fitted on the other days: how far real
days overrun the sum of their steps, and how much of the spread the steps of a day share.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.choreography.chain import chain_tasks, live_chain
from diptych.choreography.compose import compose
from diptych.choreography.lengths import draw_lengths
from diptych.choreography.overrun import (
    SHARES,
    Band,
    Lived,
    Overrun,
    fit_overrun,
    predict_span,
)
from diptych.choreography.policy import ChoreographyPolicy
from diptych.model import (
    Crossing,
    CutProof,
    Defect,
    InputError,
    Measured,
    MilestoneId,
    Millilitre,
    MillilitrePerMinute,
    Millimetre,
    Minute,
    Owner,
    PlanId,
    Procedure,
    Schedule,
    SeparationPlan,
    Staff,
    TwinCost,
    TwinId,
    VesselId,
    Volume,
    require,
)
from diptych.tables import SourcedTable, TableRow

SPANS = (
    "incision_to_separation",
    "total",
    "entry_to_incision",
    "entry_to_separation",
    "separation_to_end",
)
FIRST_STEP_WITH_TWINS = 2
_ALL_DAY = Minute(4320)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDay:
    """A row of the table: what was done, and the spans that were told.

    veins : vessels that this day divides; skip : steps done before this day
    lengths : step -> least, likely, most minutes, where told
    spans : name (SPANS) -> minutes as told, with the earliest and latest reading
    """

    id: str
    title: str
    veins: int
    turn: bool
    skip: tuple[str, ...]
    lengths: Mapping[str, tuple[int, int, int]]
    spans: Mapping[str, tuple[int, int, int]]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Bands of all told spans, and what each day's others say of its overrun."""

    bands: tuple[Band, ...]
    overruns: Mapping[str, Overrun]

    def held(self, spans: Collection[str] = SPANS[:2]) -> tuple[int, int]:
        """How many of the told spans of these names lie in their band, and of how many."""
        chosen = [band.holds for band in self.bands if band.span in spans]
        return sum(chosen), len(chosen)


def read_published_days(table: SourcedTable) -> tuple[PublishedDay, ...]:
    """The days of the table "published-days"; InputError for spans out of order."""
    single = table.value("veins")
    share = table.value("share-of-a-stage")
    rows = [row for row in table.rows.values() if "title" in row.fields]
    return tuple(_read_day(row, single, share) for row in rows)


def _read_day(row: TableRow, single: float, share: float) -> PublishedDay:
    stages = row.integer("stages")
    lengths = row.fields.get("lengths", {})
    assert isinstance(lengths, Mapping)
    left = single if stages == 1 else max(1.0, share * single / stages)
    return PublishedDay(
        id=row.key,
        title=row.text("title"),
        veins=row.integer("veins", round(left)),
        turn=bool(row.fields.get("turn", False)),
        skip=row.texts("skip"),
        lengths={step: _three(row, step, figures) for step, figures in lengths.items()},
        spans={name: _told(row, name) for name in SPANS if name in row.fields},
        source=f"{row.source} ({row.confidence.value})",
    )


def _told(row: TableRow, name: str) -> tuple[int, int, int]:
    value, low, high = _three(row, name, row.fields[name])
    require(
        low <= value <= high,
        f"published-days, row {row.key!r}: {name} is {value}, {low}, {high}, expected the value"
        " between its earliest and latest reading",
        remedy="correct the row",
    )
    return value, low, high


def _three(row: TableRow, name: str, value: object) -> tuple[int, int, int]:
    if isinstance(value, list) and len(value) == 3 and all(isinstance(n, int) for n in value):
        return value[0], value[1], value[2]
    raise InputError(
        f"published-days, row {row.key!r}: {name} is {value!r}, expected three whole numbers",
        remedy="correct the row",
    )


def compose_published(
    day: PublishedDay, roster: Sequence[Staff], *, tables: Mapping[str, SourcedTable]
) -> Procedure:
    """The operation of that day: known lengths and numbers in place of the tables'.

    Hours and rest of the published teams are not known: everybody of the roster is there for
    the whole day, and nobody has to rest.
    """
    own = {**dict.fromkeys(day.skip, (0, 0, 0)), **day.lengths}
    steps = tables["steps"]
    unknown = sorted(set(own) - set(steps.rows))
    require(
        not unknown,
        f"published-days, row {day.id!r} names steps {', '.join(unknown)}",
        remedy="use the keys of the table steps",
    )
    rows = {key: _timed(row, own[key]) if key in own else row for key, row in steps.rows.items()}
    policy = ChoreographyPolicy(turn=day.turn)
    edited = {**tables, "steps": replace(steps, rows=rows)}
    staff = [
        replace(each, start=Minute(0), end=_ALL_DAY, absences=(), on_call=()) for each in roster
    ]
    return replace(compose(_plan(day.veins), staff, tables=edited, policy=policy), rest=None)


def _timed(row: TableRow, figures: tuple[int, int, int]) -> TableRow:
    named = dict(zip(("low", "mode", "high"), figures, strict=True))
    return replace(row, fields={**row.fields, **named})


def _plan(veins: int) -> SeparationPlan:
    """A plan with that many veins and nothing else: all that the steps of a day look at."""
    voxels = np.array([0, 1, 2], np.uint8).reshape(3, 1, 1)
    nothing = Measured(value=0.0, low=0.0, high=0.0, unit="cm2")
    none, nil = MillilitrePerMinute(0.0), Millilitre(0.0)
    cost = TwinCost(
        own_tissue_given=nil, brain_given=nil, vein_flow_given=none, vein_flow_kept=none
    )
    side = Volume(
        voxels=voxels, affine=np.eye(4), frame_of_reference="1", modality="SEG", source="none"
    )
    proof = CutProof(value=0, flow=0, proven=True, scale=1.0, method="none", statement="no cut")
    return SeparationPlan(
        id=PlanId("published"),
        preference="balanced",
        side=side,
        proof=proof,
        area_by_tissue={},
        cost_terms={},
        crossings=tuple(_crossing(n) for n in range(1, veins + 1)),
        costs=dict.fromkeys(TwinId, cost),
        defects=dict.fromkeys(TwinId, Defect(skin=nothing, dura=nothing, bone=nothing)),
        notes=(),
    )


def _crossing(n: int) -> Crossing:
    return Crossing(
        order=n,
        vessel=VesselId(f"vein-{n}"),
        name=f"vein {n}",
        kind="vein",
        owner=Owner.SHARED,
        position=(0.0, 0.0, 0.0),
        calibre=Millimetre(2.0),
        flow=MillilitrePerMinute(0.0),
        keeper=TwinId.A,
        rule="not published",
    )


def live_spans(
    schedule: Schedule, *, days: int, seed: int, share: float
) -> dict[str, NDArray[np.float64]]:
    """The spans (SPANS) on simulated days, (D,) minutes each.

    Lengths follow the tables' three figures with that shared part; tasks keep the order of
    the plan on people, kit and places. The same seed gives the same normals for every share.
    """
    chain = chain_tasks(schedule)
    stream = np.random.Generator(np.random.Philox(key=seed))
    common = stream.standard_normal(days)
    own = stream.standard_normal((days, len(chain.tasks)))
    lengths = draw_lengths([task.duration for task in chain.tasks], common, own, share)
    starts, ends = live_chain(chain, lengths)
    marks = {mark.id: mark.task for mark in schedule.procedure.milestones}
    with_twins = np.array([task.step >= FIRST_STEP_WITH_TWINS for task in chain.tasks])
    entry = starts[:, with_twins].min(axis=1)
    incision, separation = (ends[:, chain.place(marks[id])] for id in _MARKS)
    end = ends.max(axis=1)
    return {
        "incision_to_separation": separation - incision,
        "total": end - entry,
        "entry_to_incision": incision - entry,
        "entry_to_separation": separation - entry,
        "separation_to_end": end - separation,
    }


def compare_published(
    days: Sequence[PublishedDay], schedules: Mapping[str, Schedule], *, draws: int, seed: int
) -> Comparison:
    """Each told span beside the band that the other days give, leave-one-out.

    schedules : a solved schedule of each day, by its id; draws : simulated days of each
    """
    streams = {day.id: seed + n for n, day in enumerate(days)}
    lived = {day.id: _lived(day, schedules[day.id], draws, streams[day.id]) for day in days}
    overruns = {
        day.id: fit_overrun([lived[other.id] for other in days if other.id != day.id])
        for day in days
    }
    normals = np.random.Generator(np.random.Philox(key=seed + len(days))).standard_normal(draws)
    bands = [
        _band(day, span, predict_span(simulated[span], overruns[day.id], normals))
        for day in days
        for simulated in [lived[day.id].simulated[overruns[day.id].share]]
        for span in day.spans
    ]
    return Comparison(bands=tuple(bands), overruns=overruns)


def _lived(day: PublishedDay, schedule: Schedule, draws: int, seed: int) -> Lived:
    """What the fit looks at: incision (else entry) to separation, and the total."""
    parted = "incision_to_separation"
    names = (parted if parted in day.spans else "entry_to_separation", "total")
    return Lived(
        told={name: float(day.spans[name][0]) for name in names if name in day.spans},
        simulated={
            share: live_spans(schedule, days=draws, seed=seed, share=share) for share in SHARES
        },
    )


def _band(day: PublishedDay, span: str, figures: tuple[float, float, float]) -> Band:
    told, earliest, latest = day.spans[span]
    return Band(
        day=day.id,
        span=span,
        told=told,
        earliest=earliest,
        latest=latest,
        low=figures[0],
        middle=figures[1],
        high=figures[2],
    )


_MARKS = (MilestoneId("incision"), MilestoneId("separation"))
