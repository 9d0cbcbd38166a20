"""Any procedure, written to a file and read again, is the same."""

import tomllib
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from diptych.choreography import read_procedure, write_procedure
from diptych.model import (
    Demand,
    Duration,
    Equipment,
    Milestone,
    Mode,
    Precedence,
    Procedure,
    Rest,
    Role,
    Staff,
    Subject,
    Task,
    Zone,
)

SKILLS, ZONES, KITS = ("cut", "sew it", "ü"), ("field-A", "z.1"), ("saw", 'd"q')
WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).filter(
    str.strip
)
COUNTS = st.integers(1, 4)


@st.composite
def durations(draw: st.DrawFn) -> Duration:
    low, mode, high = sorted(draw(st.tuples(*[st.integers(0, 300)] * 3)))
    return Duration(low=low, mode=mode, high=high, planned=draw(st.integers(low, high)))


DEMANDS = st.lists(
    st.builds(
        Demand,
        skill=st.sampled_from(SKILLS),
        count=COUNTS,
        grade=st.integers(0, 5),
        leader=st.integers(0, 5),
    ),
    max_size=4,
).map(tuple)
PLACES = st.dictionaries(st.sampled_from(ZONES), COUNTS)
THINGS = st.dictionaries(st.sampled_from(KITS), COUNTS)
WAYS = st.builds(
    Mode, title=WORDS, duration=durations(), demands=DEMANDS, zones=PLACES, equipment=THINGS
)


@st.composite
def procedures(draw: st.DrawFn) -> Procedure:
    count = draw(st.integers(1, 6))
    tasks = tuple(
        Task(
            id=f"t{n}",
            title=draw(WORDS),
            step=draw(st.integers(0, 19)),
            subject=draw(st.sampled_from(Subject)),
            duration=draw(durations()),
            demands=draw(DEMANDS),
            zones=draw(PLACES),
            equipment=draw(THINGS),
            priority=draw(st.integers(1, 3)),
            source=draw(
                st.sampled_from(("Somebody 2001 (low)", "assumption: x (assumption)", "y"))
            ),
            modes=tuple(draw(st.lists(WAYS, max_size=2))),
            may_wait=draw(st.none() | st.integers(0, 90)),
            keeps=draw(st.sampled_from(((), ("worker",), SKILLS[:1]))),
        )
        for n in range(count)
    )
    order = []
    for after in range(1, count):
        for before in draw(st.lists(st.integers(0, after - 1), max_size=3)):
            least = draw(st.integers(-20, 30))
            most = draw(st.none() | st.integers(least, 60))
            rule = Precedence(before=f"t{before}", after=f"t{after}", min_lag=least, max_lag=most)
            order.append(rule)
    order = draw(st.permutations(order))
    people = tuple(
        Staff(
            id=f"p{n}",
            name=draw(WORDS),
            role="worker",
            skills=tuple(draw(st.lists(st.sampled_from(SKILLS), unique=True))),
            team=draw(st.sampled_from(("A", "B", "both"))),
            start=draw(st.integers(-60, 60)),
            end=draw(st.integers(61, 900)),
            grade=draw(st.integers(1, 5)),
            absences=draw(st.sampled_from(((), ((5, 9), (9, 30))))),
            on_call=draw(st.sampled_from(((), ((-90, -60, 5), (900, 950, 0))))),
        )
        for n in range(draw(st.integers(0, 3)))
    )
    rest = Rest(longest_stretch=60, shortest_break=5, longest_work=90)
    low = replace(rest, longest_span=200, low=(120, 1500), low_stretch=30)
    last = f"t{count - 1}"
    return Procedure(
        tasks=tasks,
        precedence=tuple(order),
        milestones=(Milestone(id="m", title=draw(WORDS), task=last),),
        roles=(Role(id="worker", title=draw(WORDS), skills=SKILLS),),
        staff=people,
        zones=tuple(Zone(id=zone, title=zone, capacity=3) for zone in ZONES),
        equipment=tuple(
            draw(
                st.sampled_from(
                    (
                        Equipment(id=kit, title=kit, count=2),
                        Equipment(id=kit, title=kit, count=2, renewable=False),
                        Equipment(
                            id=kit, title=kit, count=2, renewable=False, restock=((-5, 1), (9, 3))
                        ),
                    )
                )
            )
            for kit in KITS
        ),
        day_start="07:30",
        separation="m",
        notes=tuple(draw(st.lists(WORDS, max_size=2))),
        rest=draw(st.sampled_from((None, rest, low))),
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(procedures())
def test_written_and_read_again_it_is_the_same(procedure: Procedure) -> None:
    assert read_procedure(tomllib.loads(write_procedure(procedure))) == procedure
