"""First pairs, reserve, pillars, thin spots and drills as people read them."""

from dataclasses import replace

import pytest
from contingency_days import hazard, person, plan, task

from diptych.contingencies import prove_coverage
from diptych.formats.html import render_html
from diptych.model import (
    Coverage,
    Dossier,
    Drill,
    EmergencyCover,
    EmergencyGap,
    Links,
    LongerHours,
    Mending,
    PairAnswer,
    Pillar,
    Reserve,
    Responder,
    Schedule,
    SetCount,
    SetGap,
    SpareKit,
    Subject,
    ThinSpot,
    TwinId,
    Watch,
)
from diptych.pipeline.handouts import write_sheets
from diptych.report import Readiness, write_drills
from diptych.report.readiness import sign_words, tell_once, write_readiness

NBSP = "\u00a0"
IDS = ("bleed-A", "arrest-B")
GAP = SetGap(
    hazards=IDS, spans=((30, 60),), missing="needs 2 people; 1 can come", lacking=1, free=("ann",)
)
PAIR = PairAnswer(
    key="k",
    hazards=IDS,
    title="Bleeding and arrest (twin A, twin B)",
    why="Both at once.",
    source="a paper",
    confidence="assumption",
    minutes=60,
    covered=30,
    thin=15,
    gaps=(GAP,),
    worst=30,
    slack=-1,
    responders=(
        Responder(hazard="bleed-A", asked="anaesthesia within 2 min", who="ann"),
        Responder(hazard="arrest-B", asked="anaesthesia within 2 min", who=""),
    ),
)
DRILL = Drill(
    hazards=IDS,
    title="Bleeding of twin A and Arrest of twin B",
    risk=0.06,
    minutes=60,
    gap_minutes=30,
    thin_minutes=15,
)


@pytest.fixture(scope="module")
def day() -> tuple[Schedule, Coverage]:
    schedule = plan(
        [(task("op", 5), 0, 60, "sam")],
        [person("sam", "surgery"), person("ann", "anaesthesia", hours=(0, 60))],
        kit={"pump": 1},
    )
    hazards = [
        replace(hazard("bleed-A", (1, "anaesthesia", 2)), title="Bleeding of twin A"),
        replace(
            hazard("arrest-B", (1, "anaesthesia", 2), (2, "scrub", 5), subject=Subject.B),
            title="Arrest of twin B",
        ),
    ]
    return schedule, prove_coverage(schedule, hazards)


def counts(*covered: int) -> tuple[SetCount, ...]:
    return tuple(
        SetCount(order=n, combinations=100, classes=1, searched=1, covered=value, gaps=0)
        for n, value in enumerate(covered, start=1)
    )


def make_reserve(**more) -> Reserve:
    fields = {
        "order": 2,
        "watches": (
            Watch(role="worker", skills=("anaesthesia",), start=30, end=60, count=2, grade=4),
        ),
        "longer": (LongerHours(staff="ann", start=0, end=60, new_start=0, new_end=90),),
        "kit": (SpareKit(kind="pump", count=1),),
        "least": 3,
        "least_minutes": 90,
        "proven": True,
        "beyond": (),
        "open": (),
        "before": counts(90, 50),
        "after": counts(100, 100),
    }
    return Reserve(**(fields | more))


def rows_of(section, caption: str) -> list[list[str]]:
    found = next(b for b in section.blocks if getattr(b, "caption", "").startswith(caption))
    return [[cell.replace(NBSP, " ") for cell in row] for row in found.rows]


def tell(day, **values):
    return write_readiness(day[1], day[0], Readiness(**values))[0]


def test_nothing_asked_nothing_said(day):
    assert write_readiness(day[1], day[0], Readiness()) == ()


def test_a_first_pair_says_its_gap_who_goes_where_and_that_it_is_an_assumption(day):
    (row,) = rows_of(tell(day, pairs=(PAIR,)), "Pairs to look at first")
    assert row == [
        "Bleeding and arrest (twin ● A, twin ■ B)",
        "GAP: 50 % of 1 h; needs 2 people; 1 can come",
        "15 min",
        "07:30, 1 too few",
        "Bleeding of twin ● A: anaesthesia within 2 min: Ann."
        " Arrest of twin ■ B: anaesthesia within 2 min: NOBODY",
        "Both at once. Source: a paper (ASSUMPTION)",
    ]


def test_a_pair_that_cannot_meet_says_so(day):
    never = replace(PAIR, worst=None, minutes=0, covered=0, gaps=(), responders=())
    (row,) = rows_of(tell(day, pairs=(never,)), "Pairs")
    assert row[1] == "cannot strike together on this day"


def test_the_reserve_names_watches_longer_hours_and_kit(day):
    section = tell(day, reserve=make_reserve())
    assert section.blocks[0].text.replace(NBSP, " ") == (
        "The smallest reserve that covers all single hazards and pairs: 3 people and pieces of"
        " kit, 1 h 30 min of standing by and longer hours in all. Proven: no smaller one does."
    )
    assert rows_of(section, "The reserve") == [
        ["Worker standing by", "2", "07:30", "08:00"],
        ["Ann (worker), kept longer or called earlier", "-", "07:00", "08:30"],
        ["pump, one more of", "1", "all day", "all day"],
    ]
    assert rows_of(section, "Covered without") == [
        ["Single hazards", "90 %", "100 %"],
        ["Pairs", "50 %", "100 %"],
    ]


def test_a_reserve_that_is_not_proven_or_leaves_gaps_says_so(day):
    section = tell(day, reserve=make_reserve(proven=False, least=2, beyond=(GAP,), open=(GAP, GAP)))
    text = section.blocks[0].text
    assert "NOT PROVEN to be the smallest; at least 2 are needed" in text
    assert "1 gap no reserve could close" in text
    assert "2 gaps stay open" in text


def test_mendings_pillars_and_thin_spots_name_people(day):
    section = tell(
        day,
        mendings=(
            (GAP, (Mending(kind="reserve", words="one more", cost=9, size=1, applied=day[0]),)),
            (GAP, ()),
        ),
        pillars=(
            Pillar(
                who="ann",
                lost=(30, 20),
                covered=(60, 80),
                hazards=(("bleed-A", 30),),
                together=(),
            ),
        ),
        thin=(
            ThinSpot(hazard="bleed-A", spans=((0, 10),), only=("pump 1",)),
            ThinSpot(hazard="arrest-B", spans=((0, 30), (40, 60)), only=("ann",)),
        ),
    )
    assert [row[2] for row in rows_of(section, "What would close")] == [
        "one more",
        "nothing smaller than a reserve",
    ]
    assert rows_of(section, "Who must not") == [
        ["Ann (worker)", "50 %", "25 %", "bleeding of twin ● A 30 min"]
    ]
    assert rows_of(section, "Covered by one way") == [
        ["arrest of twin ■ B", "07:00 to 07:30, 07:40 to 08:00", "50 min", "Ann"],
        ["bleeding of twin ● A", "07:00 to 07:10", "10 min", "pump 1"],
    ]


def test_the_way_out_is_told_for_each_step(day):
    row = EmergencyCover(
        step="s",
        title="Clamping",
        dying=TwinId.B,
        longest=60,
        minutes=100,
        staffed=75,
        gaps=(EmergencyGap(start=10, end=35, missing="needs 1 person for scrub"),),
    )
    whole = replace(row, step="t", staffed=100, gaps=(), longest=90)
    rows = (row, replace(row, dying=TwinId.A, staffed=100, gaps=()), whole)
    (section,) = write_readiness(replace(day[1], emergency=rows), day[0], Readiness())
    assert "from 1 step the emergency path is staffed" in section.blocks[0].text
    assert "90\u00a0min at most" in section.blocks[0].text
    assert rows_of(section, "Steps from which") == [
        ["Clamping", "■ B", "60 min", "75 %", "GAP 07:10 to 07:35: needs 1 person for scrub"]
    ]


def test_drills_are_pages_with_who_takes_part(day):
    schedule, coverage = day
    dossier = write_drills((DRILL,) * 17, coverage, schedule)
    assert [section.title for section in dossier.sections] == [
        "What to rehearse (1 of 2)",
        "What to rehearse (2 of 2)",
    ]
    row = [cell.replace(NBSP, " ") for cell in dossier.sections[0].blocks[1].rows[0]]
    assert row[:6] == [
        "1",
        "Bleeding of twin ● A and Arrest of twin ■ B",
        "75 %",
        "30 min",
        "15 min",
        "2 anaesthesia, 2 scrub",
    ]
    assert dossier.sections[1].blocks[1].rows[0][0] == "17"


def test_drills_stand_in_the_dossier_and_beside_it(day, tmp_path):
    schedule, coverage = day
    readiness = Readiness(drills=(DRILL,))
    section = tell(day, drills=(DRILL,))
    assert isinstance(section.blocks[-1], Links)
    write_sheets(tmp_path, schedule, "", coverage, readiness=readiness)
    assert (tmp_path / "drills.html").is_file()
    page = render_html(Dossier(title="t", banner="", sections=(section,), provenance=()))
    assert "drills.html" in page


def test_twins_in_words_get_their_signs():
    assert (
        sign_words("twin A and twin B, twins").replace(NBSP, " ") == "twin ● A and twin ■ B, twins"
    )


def test_swapping_the_twins_swaps_the_drills(day):
    other = replace(DRILL, title="Bleeding of twin B and Arrest of twin A")
    here = rows_of(tell(day, drills=(DRILL,)), "What to rehearse")[0]
    there = rows_of(tell(day, drills=(other,)), "What to rehearse")[0]
    assert here[1] == "Bleeding of twin ● A and Arrest of twin ■ B"
    assert there[1] == "Bleeding of twin ■ B and Arrest of twin ● A"
    assert here[2:] == there[2:]


def test_what_several_gaps_lack_is_told_once():
    people, kit = (
        "needs 2 people for perfusion within 5 min; 1 can come",
        "needs 2 drills; 1 at hand",
    )
    assert tell_once([people, f"{people}; {kit}", kit]) == f"{people}; {kit}"
