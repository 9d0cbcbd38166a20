"""The dossier: every section and figure, both twins side by side, nothing from elsewhere."""

import re
from dataclasses import replace

import pytest
from report_inputs import (
    SMALL,
    made_dossier,
    make_anatomy,
    make_coverage,
    make_inputs,
    make_plan,
    make_schedule,
    make_window,
)

from diptych.formats.png import encode_png, letter_image
from diptych.model import Figure, Paragraph, SeparationFront, Subject, Table, TwinId
from diptych.report import compose_poster, dossier
from diptych.report.crossings import draw_crossings
from diptych.report.curve import draw_window
from diptych.report.gantt import draw_gantt
from diptych.report.heatmap import draw_coverage
from diptych.report.operation import write_choreography, write_contingencies
from diptych.report.summary import list_doubts, write_summary

FIGURES = {
    "pair", "pair-opened", "network", "slices", "halves", "crossing-diagram", "window-curve",
    "gantt", "coverage-map", "flow", "end-times", "before-after", "cut-plan-balanced",
    "crew", "room-1", "room-2", "room-3", "room-4", "room-5",
}  # fmt: skip
SECTIONS = [
    "summary", "unknown", "identity", "anatomy", "separation", "timing", "choreography",
    "contingencies", "rehearsal", "doubts", "sources",
]  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return made_dossier()


@pytest.fixture(scope="module")
def mirrored():
    return made_dossier(mirror=True)


def blocks(document, kind):
    return [b for section in document.sections for b in section.blocks if isinstance(b, kind)]


def words(section):
    parts = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        elif isinstance(block, Table):
            parts += [cell for row in block.rows for cell in row]
    return " | ".join(parts)


def test_every_section_is_there_answers_first(made):
    assert [section.id for section in made.sections] == SECTIONS


def test_every_figure_is_there_once_with_words_and_values(made):
    figures = blocks(made, Figure)
    assert sorted(figure.id for figure in figures) == sorted(FIGURES)
    assert all(len(figure.alt) > 40 and figure.caption and figure.values for figure in figures)


def test_the_banner_says_what_it_is_made_from_and_what_it_is_not(made):
    assert made.banner.startswith("Made from two balls; not a patient.")
    assert "not a medical device" in made.banner


def test_a_patient_has_no_made_from_but_keeps_the_warning():
    inputs = make_inputs(picture_width=SMALL)
    brief = replace(inputs.case.brief, made_from="")
    inputs = replace(inputs, case=replace(inputs.case, brief=brief))
    assert dossier(inputs).banner.startswith("Decision support, not a medical device.")


def test_a_table_that_names_one_twin_in_its_headings_names_both(made):
    for table in blocks(made, Table):
        signs = ["●" in " ".join(table.headings), "■" in " ".join(table.headings)]
        assert signs[0] == signs[1], table.caption


def test_defects_and_costs_stand_side_by_side(made):
    table = next(b for b in blocks(made, Table) if b.caption.startswith("What each twin lacks"))
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["Skin defect"] == ("31\u00a0cm² (28 to 34)", "33\u00a0cm² (30 to 36)")
    assert rows["Of that, brain"] == ("0.25\u00a0ml", "0\u00a0ml")
    assert rows["Crossed vessels kept"] == ("1", "1")


def test_mirror_swaps_the_columns_of_the_twins_and_nothing_else(made, mirrored):
    swap = str.maketrans("●■AB", "■●BA")
    for first, second in zip(blocks(made, Table), blocks(mirrored, Table), strict=True):
        pairs = [n for n, heading in enumerate(first.headings) if heading[:1] in "●■" and heading]
        if not pairs:
            continue
        a, b = pairs
        assert first.headings[a].split(" ", 1)[1] == second.headings[b].split(" ", 1)[1]
        for one, two in zip(first.rows, second.rows, strict=True):
            assert (one[a], one[b]) == (two[b], two[a])
    keepers = [[row[6].translate(swap) for row in t.rows] for t in _crossings(made)]
    assert keepers == [[row[6] for row in t.rows] for t in _crossings(mirrored)]


def _crossings(document):
    return [t for t in blocks(document, Table) if t.caption.startswith("Vessels that the cut")]


def test_mirror_swaps_colours_and_shapes_in_the_crossing_diagram():
    first, second = (draw_crossings(make_plan(mirror)).svg for mirror in (False, True))
    assert first.count("url(#cross-1)") == second.count("url(#cross-2)") == 1
    assert "kept by ●\u00a0A" in first
    assert "kept by ■\u00a0B" in second


def test_the_same_inputs_give_the_same_dossier(made):
    assert dossier(make_inputs(picture_width=SMALL)) == made


def test_what_is_not_known_is_on_the_first_page():
    doubts = " ".join(list_doubts(make_inputs()))
    assert "scan is valid only until" in doubts
    assert "contrast timing" in doubts
    assert "1 vessel found with less than" in doubts
    assert "1 of 2 table rows" in doubts


def test_gaps_are_said_first_and_loudly():
    summary = write_summary(make_inputs())
    assert any(b.kind == "warning" for b in summary.blocks if isinstance(b, Paragraph))
    assert "Torn sinus | 15:50 to 16:50 | 1 surgeon" in words(summary)
    covered = replace(make_coverage(), gaps=())
    calm = write_summary(make_inputs(coverage=covered))
    assert not any(b.kind == "warning" for b in calm.blocks if isinstance(b, Paragraph))


def test_an_unproven_cut_is_called_so():
    plan = make_plan()
    proof = replace(plan.proof, flow=12000, proven=False, statement="not proven: stopped early")
    front = SeparationFront(plans=(replace(plan, proof=proof),), proposed=plan.id, dominated=())
    inputs = make_inputs(front=front)
    assert "NOT PROVEN: stopped early" in words(write_summary(inputs))
    assert "The cut is not proven" in " ".join(list_doubts(inputs))
    assert "proven: a flow of the same value" in words(write_summary(make_inputs()))


@pytest.mark.parametrize(
    ("name", "preference", "told"),
    [
        ("balanced", "balanced", "Proposed: balanced, of"),
        ("plan-2", "balanced", "Proposed: plan-2 (balanced), of"),
        ("plan-2", "A", "Proposed: plan-2 (kinder to"),
    ],
)
def test_a_wish_that_names_the_plan_is_told_once(name, preference, told):
    inputs = make_inputs()
    front = inputs.front
    plan = replace(front.plan, id=name, preference=preference)
    plans = (plan, *(other for other in front.plans if other.id != front.plan.id))
    changed = replace(front, plans=plans, proposed=name)
    assert told in words(write_summary(replace(inputs, front=changed)))


def test_an_unchecked_schedule_and_an_ambiguous_class_are_called_so():
    anatomy = make_anatomy()
    found = replace(anatomy.classification, ambiguous=True)
    inputs = make_inputs(
        anatomy=replace(anatomy, classification=found),
        schedule=replace(make_schedule(), checked=False),
    )
    text = words(write_summary(inputs))
    assert "AMBIGUOUS" in text
    assert "NOT CHECKED" in text


@pytest.mark.parametrize(("makespan", "end"), [(780, "20:30"), (815, "21:05")])
def test_the_length_of_the_day_comes_from_the_schedule(makespan, end):
    text = words(write_summary(make_inputs(schedule=make_schedule(makespan))))
    assert f"07:30 to {end}" in text


def test_the_window_comes_from_the_window():
    window = make_window()
    assert f"{window.opens} to {window.closes}" in words(write_summary(make_inputs()))
    assert str(window.scan_valid_until) in draw_window(window).svg


def test_the_gantt_chart_tells_twins_apart_without_colour():
    svg = draw_gantt(make_schedule(), make_inputs().rehearsal).svg
    counts = {name: len(_boxes(svg, f"gantt-{name}")) for name in ("A", "B", "SHARED", "TEAM")}
    assert counts == {"A": 3, "B": 3, "SHARED": 1, "TEAM": 2}  # with the legend
    assert "Separation 16:30" in svg
    assert svg.index(">Twin A<") < svg.index(">Twin B<")


def test_tasks_that_differ_by_a_number_share_a_row():
    schedule = make_schedule()
    tasks = [replace(t, title=f"Watch {n}") if t.id in ("t2", "t6") else t
             for n, t in enumerate(schedule.procedure.tasks)]  # fmt: skip
    tasks = [replace(t, step=0) if t.title.startswith("Watch") else t for t in tasks]
    procedure = replace(schedule.procedure, tasks=tuple(tasks))
    svg = draw_gantt(replace(schedule, procedure=procedure), make_inputs().rehearsal).svg
    assert "Watch (2 tasks)" in svg


def test_the_map_shows_gaps_in_red_with_a_cross():
    svg = draw_coverage(make_coverage(), make_schedule()).svg
    assert "url(#heat-gap)" in svg
    closed = replace(make_coverage(), cells=make_coverage().cells[:3], gaps=())
    drawn = draw_coverage(closed, make_schedule()).svg
    assert len(_boxes(drawn, "heat-gap")) == 1  # the legend alone
    assert len(_boxes(svg, "heat-gap")) == 2


def _boxes(svg, pattern):
    return re.search(rf'<path d="([^"]*)" fill="url\(#{pattern}\)"', svg).group(1).split("z")[:-1]


def test_hostile_names_are_escaped_in_drawings():
    evil = "<script>alert(1)</script>"
    plan = make_plan()
    crossing = replace(plan.crossings[0], name=evil)
    assert evil not in draw_crossings(replace(plan, crossings=(crossing,))).svg


def test_a_plan_that_crosses_nothing_says_so():
    plan = replace(make_plan(), crossings=())
    assert "severs no vessel" in draw_crossings(plan).svg
    inputs = make_inputs(front=SeparationFront(plans=(plan,), proposed=plan.id, dominated=()))
    assert "0 vessels" in words(write_summary(inputs))


def test_the_poster_is_as_wide_as_asked_and_shows_both_colours():
    poster = compose_poster(make_anatomy(), make_plan(), "made from two balls", 480)
    assert poster.image.shape[1:] == (480, 3)
    assert {text for _, _, text, *_ in poster.words} >= {"A", "B", "twin A", "twin B"}
    for colour in ((232, 134, 46), (107, 63, 160)):
        assert (poster.image == colour).all(axis=-1).any(), TwinId
    lettered = letter_image(poster.image, poster.words)
    assert encode_png(lettered) == encode_png(letter_image(poster.image, poster.words))
    assert (lettered != poster.image).any()


def test_hazards_of_both_twins_share_a_row():
    coverage = make_coverage()
    pair = tuple(
        replace(h, id=f"h{n}", subject=subject, title=f"Cardiac arrest of twin {subject}")
        for n, (h, subject) in enumerate(zip(coverage.hazards, (Subject.A, Subject.B), strict=True))
    )
    inputs = make_inputs(coverage=replace(coverage, hazards=pair, cells=(), gaps=()))
    section = write_contingencies(inputs, ())
    hazards = next(b for b in section.blocks if isinstance(b, Table) and b.caption == "Hazards")
    assert [row[:2] for row in hazards.rows] == [
        ("Cardiac arrest of a twin (steps 2 to 18)", "●\u00a0A, ■\u00a0B")
    ]


def test_who_answers_in_the_minute_before_separation():
    text = words(write_contingencies(make_inputs(), ()))
    assert "Massive bleeding | ●\u00a0A | Dr Two (surgeon) | 0" in text
    assert "Torn sinus | ■\u00a0B | GAP | -" in text


def test_the_run_sheet_names_people_and_both_clock_times():
    text = words(write_choreography(make_inputs(), ()))
    assert "15:30 | 16:30 | both twins | 14 Part the twins | Dr One (surgeon)" in text
    assert "Dr Two | Neurosurgeon | ■\u00a0B | 07:30 to 00:10 +1\u00a0d | no task | -" in text
