"""A small, complete case for the report: two fused balls, one task each, two hazards."""

from datetime import date, timedelta
from functools import cache

import numpy as np

from diptych.formats.png import encode_png
from diptych.model import (
    Anatomy,
    Assignment,
    Brief,
    Case,
    Check,
    Classification,
    Confidence,
    Coverage,
    CoverageCell,
    Crossing,
    CutProof,
    Defect,
    Demand,
    Duration,
    Gap,
    Hazard,
    Landmark,
    Measured,
    Milestone,
    OperatingWindow,
    Owner,
    Precedence,
    Procedure,
    Reason,
    Rehearsal,
    Response,
    ResponseDemand,
    Role,
    Schedule,
    SeparationFront,
    SeparationPlan,
    Series,
    Staff,
    Subject,
    Task,
    Tissue,
    Twin,
    TwinAxes,
    TwinCost,
    TwinId,
    Vessel,
    VesselNetwork,
    VesselNode,
    Volume,
    WindowPoint,
    Zone,
)
from diptych.report import DossierInputs, dossier
from diptych.tables.schema import TableRow

SPACING = 5.0
SMALL = 64
SHAPE = (24, 28, 44)


def measured(value, spread=0.0, unit=""):
    return Measured(value=value, low=value - spread, high=value + spread, unit=unit)


def balls(mirror=False):
    """Tissues, owners, sides and intensities of two balls joined along the third axis."""
    x, y, z = np.meshgrid(*[np.arange(n) * SPACING for n in SHAPE], indexing="ij")
    middle = SPACING * (SHAPE[2] - 1) / 2
    tissues = np.zeros(SHAPE, np.uint8)
    for centre in (middle - 42, middle + 42):
        r = np.sqrt((x - 57) ** 2 + (y - 67) ** 2 + (z - centre) ** 2)
        for radius, tissue in (
            (50, Tissue.SKIN),
            (44, Tissue.BONE),
            (37, Tissue.CSF),
            (32, Tissue.BRAIN),
        ):
            tissues[(r <= radius) & (tissues < tissue)] = tissue
    low = z < middle
    first, second = (2, 1) if mirror else (1, 2)
    owners = np.where(tissues == 0, 0, np.where(low, first, second)).astype(np.uint8)
    owners[(tissues == Tissue.BONE) & (np.abs(z - middle) < 6)] = Owner.SHARED
    sides = np.where(tissues == 0, 0, np.where(low, first, second)).astype(np.uint8)
    levels = np.array([-1000, 40, 700, 60, 10, 35, 250])[tissues].astype(np.int16)
    return tissues, owners, sides, levels, middle


def grid(voxels, source):
    return Volume(
        voxels=voxels,
        affine=np.diag([SPACING, SPACING, SPACING, 1.0]),
        frame_of_reference="1.2.3",
        modality="CT",
        source=source,
    )


def make_case(levels, mirror=False, label="Ada", made_from="Made from two balls; not a patient."):
    mark = Landmark(name="nasion", position=(1.0, 2.0, 3.0), scatter=1.0, confirmed_by=("x",))
    first, second = (label, (mark,)), ("Bea", ())
    if mirror:
        first, second = second, first
    return Case(
        id="pair-1",
        twins=(
            Twin(id=TwinId.A, label=first[0], sex="female", weight=None, landmarks=first[1]),
            Twin(id=TwinId.B, label=second[0], sex="female", weight=None, landmarks=second[1]),
        ),
        volumes=(
            Series(
                role="ctv",
                subject=Subject.SHARED,
                evidence="case file",
                volume=grid(levels, "raw/ctv.nii.gz"),
            ),
        ),
        brief=Brief(
            born=date(2026, 1, 5),
            imaged=date(2026, 8, 3),
            earliest_operation=date(2026, 9, 1),
            latest_operation=date(2027, 3, 1),
            hemisphere="north",
            made_from=made_from,
            notes="",
        ),
        checks=(
            Check(name="one frame of reference", passed=True, detail="1.2.3"),
            Check(name="contrast timing", passed=False, detail="only one phase"),
        ),
    )


def make_anatomy(mirror=False):
    tissues, owners, _, _, middle = balls(mirror)
    tissue_volume = grid(tissues, "tissues")
    first, second = (TwinId.B, TwinId.A) if mirror else (TwinId.A, TwinId.B)
    path = np.array([[57.0, 95.0, middle - 60], [57.0, 110.0, middle], [57.0, 95.0, middle + 60]])
    side = np.array([[30.0, 67.0, middle - 50], [22.0, 67.0, middle + 40]])
    vessels = (
        Vessel(
            id="v1",
            name="shared sinus",
            kind="sinus",
            owner=Owner.SHARED,
            start="n1",
            end="n2",
            path=path,
            radius=np.full(3, 4.0),
            flow=measured(55.0, 8, "ml/min"),
            confidence=0.9,
        ),
        Vessel(
            id="v2",
            name="bridging vein 1",
            kind="vein",
            owner=Owner.of(first),
            start="n1",
            end="n2",
            path=side,
            radius=np.full(2, 2.0),
            flow=measured(12.0, 3, "ml/min"),
            confidence=0.4,
        ),
    )
    axes = {
        first: TwinAxes(
            twin=first,
            long=(0.0, 0.0, 1.0),
            facing=(0.0, -1.0, 0.0),
            left=(1.0, 0.0, 0.0),
            uncertainty=1.0,
            method="landmarks",
        ),
        second: TwinAxes(
            twin=second,
            long=(0.0, 0.0, -1.0),
            facing=(0.0, -1.0, 0.0),
            left=(-1.0, 0.0, 0.0),
            uncertainty=1.5,
            method="landmarks",
        ),
    }
    return Anatomy(
        tissues=tissue_volume,
        ownership=grid(owners, "owners"),
        confidence=grid(np.full(SHAPE, 90, np.uint8), "confidence"),
        vessels=VesselNetwork(
            nodes=(
                VesselNode(id="n1", position=(57.0, 95.0, 0.0), root=first),
                VesselNode(id="n2", position=(57.0, 95.0, 200.0), root=second),
            ),
            vessels=vessels,
        ),
        axes=(axes[TwinId.A], axes[TwinId.B]),
        classification=Classification(
            label="TV-I",
            shared_sinus=True,
            shared_sinus_evidence="a vessel has two roots",
            long_axis_angle=measured(176.0, 3, "degrees"),
            rotation=measured(12.0, 4, "degrees"),
            margins={"long_axis_angle-140": 36.0, "rotation-40": 28.0},
            ambiguous=False,
            reasons=("The long axes form an angle above 140 degrees.",),
        ),
        measures={
            f"brain-volume-{first}": measured(137.0, 4, "ml"),
            f"brain-volume-{second}": measured(131.0, 4, "ml"),
            "fused-area-skin": measured(52.0, 2, "cm2"),
        },
        notes=("The fine veins of the skin were not traced.",),
    )


def make_plan(mirror=False):
    sides, middle = balls(mirror)[2], balls()[4]
    first, second = (TwinId.B, TwinId.A) if mirror else (TwinId.A, TwinId.B)
    crossings = (
        Crossing(
            order=1,
            vessel="v2",
            name="bridging vein 1",
            kind="vein",
            owner=Owner.of(first),
            position=(26.0, 67.0, middle),
            calibre=4.0,
            flow=12.0,
            keeper=first,
            rule="its owner keeps it",
        ),
        Crossing(
            order=2,
            vessel="v1",
            name="shared sinus",
            kind="sinus",
            owner=Owner.SHARED,
            position=(57.0, 110.0, middle),
            calibre=8.0,
            flow=55.0,
            keeper=second,
            rule="drains more of this twin",
        ),
    )
    costs = {
        first: TwinCost(
            own_tissue_given=1.5, brain_given=0.25, vein_flow_given=0.0, vein_flow_kept=12.0
        ),
        second: TwinCost(
            own_tissue_given=2.5, brain_given=0.0, vein_flow_given=3.0, vein_flow_kept=55.0
        ),
    }
    defects = {
        twin: Defect(
            skin=measured(skin, 3, "cm2"),
            dura=measured(20.0, 3, "cm2"),
            bone=measured(24.0, 3, "cm2"),
        )
        for twin, skin in ((first, 31.0), (second, 33.0))
    }
    return SeparationPlan(
        id="plan-balanced",
        preference="balanced",
        side=grid(sides, "sides"),
        proof=CutProof(
            value=12345,
            flow=12345,
            proven=True,
            scale=100.0,
            method="test solver 1",
            statement="a flow of the same value exists",
        ),
        area_by_tissue={"bone": 24.0, "skin": 31.5},
        cost_terms={"area": 10000, "vessels": 2345},
        crossings=crossings,
        costs=costs,
        defects=defects,
        notes=("Straight cut.",),
    )


def make_window():
    days = [date(2026, 9, 1) + timedelta(days=14 * n) for n in range(14)]
    points = tuple(
        WindowPoint(
            day=day,
            age_weeks=34.0 + 2 * n,
            terms={"immaturity": 10.0 / (1 + n), "intertwining": 0.6 * n, "season": n % 5 * 0.3},
            facts={"weight-A-kg": 7.5 + n / 10, "weight-B-kg": 7.1 + n / 10},
        )
        for n, day in enumerate(days)
    )
    return OperatingWindow(
        points=points,
        opens=days[2],
        closes=days[5],
        lowest=days[3],
        tolerance=0.1,
        scan_valid_until=days[4],
        reasons=(
            Reason(
                direction="earlier",
                text="Vessels intertwine more.",
                source="Surgeon 2001",
                confidence="low",
            ),
            Reason(
                direction="later",
                text="Anaesthesia is safer.",
                source="Sleep 1999",
                confidence="medium",
            ),
        ),
        notes=("Season of infections is a mean of years.",),
    )


def make_task(id, title, step, subject, minutes):
    return Task(
        id=id,
        title=title,
        step=step,
        subject=subject,
        duration=Duration(low=minutes - 10, mode=minutes, high=minutes + 60, planned=minutes),
        demands=(Demand(skill="surgeon", count=1),),
        zones={"field": 1},
        equipment={},
        priority=2,
        source="assumption: test",
    )


def make_schedule(makespan=780, mirror=False):
    first, second = (Subject.B, Subject.A) if mirror else (Subject.A, Subject.B)
    plans = (
        ("t1", "Prepare the room", 1, Subject.TEAM, 0, 60),
        ("t2", "Anaesthetise the first twin", 2, first, 60, 150),
        ("t3", "Anaesthetise the second twin", 2, second, 70, 165),
        ("t4", "Cut bone and dura", 10, Subject.SHARED, 165, 480),
        ("t5", "Part the twins", 14, Subject.BOTH, 480, 540),
        ("t6", "Close the first twin", 17, first, 540, 700),
        ("t7", "Close the second twin", 17, second, 545, makespan),
    )
    procedure = Procedure(
        tasks=tuple(make_task(id, t, n, s, end - start) for id, t, n, s, start, end in plans),
        precedence=(Precedence(before="t1", after="t2", min_lag=0, max_lag=None),),
        milestones=(
            Milestone(id="joined", title="Dura open", task="t4"),
            Milestone(id="separation", title="Separation", task="t5"),
        ),
        roles=(Role(id="surgeon", title="Neurosurgeon", skills=("surgeon",)),),
        staff=(
            Staff(
                id="s1",
                name="Dr One",
                role="surgeon",
                skills=("surgeon",),
                team="A",
                start=0,
                end=1000,
            ),
            Staff(
                id="s2",
                name="Dr Two",
                role="surgeon",
                skills=("surgeon",),
                team="B",
                start=0,
                end=1000,
            ),
        ),
        zones=(Zone(id="field", title="Sterile field", capacity=8),),
        equipment=(),
        day_start="07:30",
        separation="separation",
        notes=("Two teams.",),
    )
    return Schedule(
        procedure=procedure,
        assignments=tuple(
            Assignment(task=id, start=start, end=end, staff=(("s1", "surgeon"),))
            for id, _, _, _, start, end in plans
        ),
        makespan=makespan,
        bound=700,
        status="feasible",
        checked=True,
        violations=(),
        milestones={"joined": 480, "separation": 540},
        solver="cp-sat test",
    )


def make_hazard(id, title, subject):
    return Hazard(
        id=id,
        title=title,
        subject=subject,
        first_step=2,
        last_step=18,
        probability=0.1,
        probability_low=0.05,
        probability_high=0.2,
        severity=3,
        response=Response(
            demands=(ResponseDemand(skill="surgeon", count=1, within=2),),
            equipment={"suction": 1},
            low=5,
            mode=10,
            high=30,
            actions="Press, call, give blood.",
        ),
        source="Bleed 2010",
        confidence=Confidence.LOW,
    )


def make_coverage(mirror=False):
    first, second = (Subject.B, Subject.A) if mirror else (Subject.A, Subject.B)
    cells = [
        CoverageCell(
            hazard="h1", start=60, end=480, covered=True, witness=(("s1", "surgeon"),), depth=3
        ),
        CoverageCell(
            hazard="h1", start=480, end=600, covered=True, witness=(("s2", "surgeon"),), depth=0
        ),
        CoverageCell(
            hazard="h2", start=60, end=500, covered=True, witness=(("s1", "surgeon"),), depth=1
        ),
        CoverageCell(hazard="h2", start=500, end=560, covered=False, witness=(), depth=0),
    ]
    gap = Gap(
        hazards=("h2",),
        start=500,
        end=560,
        missing="1 surgeon",
        message="From 15:50 to 16:50 nobody could answer a torn sinus.",
    )
    return Coverage(
        order=1,
        hazards=(
            make_hazard("h1", "Massive bleeding", first),
            make_hazard("h2", "Torn sinus", second),
        ),
        cells=tuple(cells),
        gaps=(gap,),
        minutes=1040,
        covered_minutes=980,
        certified=True,
    )


def make_rehearsal():
    rng = np.random.Generator(np.random.Philox(key=7))
    ends = 800 + rng.gamma(3.0, 60.0, size=2000)
    bins = (ends // 30 * 30).astype(np.int64)
    starts, counts = np.unique(bins, return_counts=True)
    quantiles = {
        f"p{q}": measured(float(round(np.percentile(ends, q))), 5.0, "min")
        for q in (10, 50, 80, 90, 95)
    }
    separation = {f"p{q}": measured(540.0 + q, 4.0, "min") for q in (10, 50, 80, 90, 95)}
    return Rehearsal(
        days=2000,
        seed=7,
        version="day 1",
        end_time=quantiles,
        separation_time=separation,
        hazard_rate={"h1": measured(0.11, 0.01), "h2": measured(0.09, 0.01)},
        unanswered=measured(0.031, 0.004),
        end_histogram=np.column_stack([starts, counts]),
        notes=("Hazards are independent of one another.",),
    )


def make_rows():
    return (
        TableRow(
            table="steps",
            key="draping",
            fields={"mode": 30},
            source="Team 2020",
            confidence=Confidence.MEDIUM,
            overridden=False,
        ),
        TableRow(
            table="hazards",
            key="fire",
            fields={"p": 0.01},
            source="assumption: rare",
            confidence=Confidence.ASSUMPTION,
            overridden=True,
        ),
    )


def make_inputs(mirror=False, **changes):
    levels = balls()[3]
    plan = make_plan(mirror)
    values = {
        "case": make_case(levels, mirror),
        "anatomy": make_anatomy(mirror),
        "front": SeparationFront(plans=(plan,), proposed=plan.id, dominated=()),
        "window": make_window(),
        "schedule": make_schedule(mirror=mirror),
        "coverage": make_coverage(mirror),
        "rehearsal": make_rehearsal(),
        "encode_png": encode_png,
        "provenance": (("diptych", "0.1.0"), ("seed", "7")),
        "rows": make_rows(),
    }
    return DossierInputs(**(values | changes))


@cache
def made_dossier(mirror=False):
    """The dossier of the case, made once for all tests, with small pictures."""
    return dossier(make_inputs(mirror, picture_width=SMALL))
