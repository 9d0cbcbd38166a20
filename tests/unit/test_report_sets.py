"""Pairs and triples of hazards as people see them: map, strips, gaps in words, cards."""

from dataclasses import replace

import numpy as np
import pytest
from contingency_days import hazard, mirrored, person, plan, random_day, task

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.sets import search_sets
from diptych.formats.html import render_html
from diptych.formats.html.sheets import A5_PAIR, render_sheets
from diptych.model import (
    Confidence,
    Coverage,
    Dossier,
    DrugDose,
    Links,
    Paragraph,
    Schedule,
    Subject,
    Table,
    TwinId,
)
from diptych.pipeline.handouts import write_sheets
from diptych.report import GAP_COLUMNS, list_calls, list_gap_rows, write_gaps, write_responses
from diptych.report.allhazards import write_all_hazards
from diptych.report.daystrip import draw_strips, find_least
from diptych.report.pairmap import draw_pairs, sort_share, tell_percent
from diptych.report.responses import split_actions, untwin
from diptych.report.setshares import share_pairs, share_stretches
from diptych.report.shortages import Roll, group_gaps, list_gaps, tell_gap, tell_others

NBSP = "\u00a0"
PAIR_AND_TRIPLE = (("arrest-A", "fire"), ("arrest-A", "arrest-B", "fire"))


def night(*, second: tuple[int, int] = (0, 30)) -> tuple[Schedule, Coverage]:
    """07:00 to 08:00: Ann all the time, Bea until 07:30; three hazards ask for one each."""
    schedule = plan(
        [(task("op", 5), 0, 60, "sam")],
        [
            person("sam", "surgery"),
            person("ann", "anaesthesia"),
            person("bea", "anaesthesia", hours=second),
        ],
        kit={"pump": 1},
    )
    hazards = [
        replace(hazard("arrest-A", (1, "anaesthesia", 2), p=0.2), title="Cardiac arrest of twin A"),
        replace(
            hazard("arrest-B", (1, "anaesthesia", 2), p=0.2, subject=Subject.B),
            title="Cardiac arrest of twin B",
        ),
        replace(
            hazard("fire", (1, "anaesthesia", 5), p=0.01, subject=Subject.TEAM, kit={"pump": 1}),
            title="Fire",
        ),
    ]
    return schedule, prove(schedule, hazards)


def prove(schedule: Schedule, hazards: list, order: int = 3) -> Coverage:
    classes = sort_minutes(schedule, hazards, AnswerPolicy())
    sets = search_sets(classes, schedule, hazards, order, turns=True)
    return replace(prove_coverage(schedule, hazards), sets=sets)


def test_a_pair_is_covered_while_two_people_are_there():
    shares = share_pairs(night()[1].sets.certificate)
    assert shares.possible.tolist() == [[60] * 3] * 3
    assert shares.covered.tolist() == [[60, 30, 30], [30, 60, 30], [30, 30, 60]]


def test_the_strips_tell_each_stretch():
    shares = share_stretches(night()[1].sets.certificate)
    assert shares.start.tolist()[0] == 0
    minutes = np.diff(shares.start)
    assert (minutes @ shares.possible).tolist() == [180, 180, 60]
    assert (minutes @ shares.covered).tolist() == [180, 90, 0]
    assert find_least(shares, 2) == (0.0, 30)
    assert find_least(shares, 1) == (1.0, 0)


@pytest.mark.parametrize("seed", range(12))
def test_shares_add_up_to_the_counts_of_the_proof(seed):
    schedule, hazards = random_day(seed)
    proof = prove(schedule, hazards).sets
    shares, pairs = share_stretches(proof.certificate), share_pairs(proof.certificate)
    minutes = np.diff(shares.start)
    for count in proof.counts:
        assert minutes @ shares.possible[:, count.order - 1] == count.combinations
        assert minutes @ shares.covered[:, count.order - 1] == count.covered
    assert np.triu(pairs.covered, 1).sum() == proof.counts[1].covered


def test_a_proof_of_pairs_has_no_strip_of_triples():
    schedule, coverage = night()
    proof = prove(schedule, list(coverage.hazards), order=2).sets
    assert np.isnan(share_stretches(proof.certificate).share(3)).all()
    assert "Three at once" not in draw_strips(coverage, proof, schedule).svg


@pytest.mark.parametrize(
    ("covered", "possible", "kind", "told"),
    [
        (60, 60, "all", ""),
        (999, 1000, "most", "99"),
        (90, 100, "most", "90"),
        (899, 1000, "half", "89"),
        (50, 100, "half", "50"),
        (49, 100, "less", "49"),
        (1, 1000, "less", "<1"),
        (0, 7, "less", "0"),
    ],
)
def test_shares_are_never_rounded_up(covered, possible, kind, told):
    assert (sort_share(covered, possible), tell_percent(covered, possible)) == (kind, told)


def test_the_map_writes_the_share_into_each_cell():
    coverage = night()[1]
    figure = draw_pairs(coverage, coverage.sets)
    assert figure.svg.count(">50</text>") == 3
    assert "Cardiac arrest of twin B and Cardiac arrest of twin A: 30" in figure.svg
    assert "50 % of the minutes" in figure.alt.replace(NBSP, " ")


def test_a_gap_is_said_as_a_sentence_with_the_one_who_can_come():
    schedule, coverage = night()
    roll = Roll(schedule, coverage.hazards)
    shortages = group_gaps(list_gaps(coverage), roll)
    assert len(shortages) == 2
    assert tell_gap(shortages[0].worst, roll).replace(NBSP, " ") == (
        "At 07:30 (until 08:00), cardiac arrest of twin ● A and cardiac arrest of twin ■ B"
        " together: needs 2 people for anaesthesia within 2 min; 1 can come."
        " Ann (worker) is the only one."
    )
    told = tell_others(shortages[0], roll).replace(NBSP, " ")
    assert told == "2 pairs more, 07:30 to 08:00, 30 min of the day"
    assert "There are only Ann and Bea (workers)." in tell_gap(shortages[1].worst, roll)


def test_fewer_hazards_come_before_likelier_ones():
    """A likely and long triple stands behind a rare and short pair."""
    schedule, coverage = night()
    roll = Roll(schedule, coverage.hazards)
    pair, triple = (gap for gap in coverage.sets.gaps if gap.hazards in PAIR_AND_TRIPLE)
    short = replace(pair, spans=((30, 31),), free=triple.free)
    sure = [replace(h, probability=1.0, probability_high=1.0) for h in coverage.hazards]
    (both,) = group_gaps([triple, short], Roll(schedule, sure))
    assert both.gaps == (short, triple)
    rare, common = replace(pair, free=()), replace(pair, free=(), spans=((0, 60),), missing="x")
    assert [s.worst for s in group_gaps([rare, common], roll)] == [common, rare]


def test_single_gaps_come_first_and_stand_alone():
    schedule, coverage = night(second=(0, 1))
    lonely = replace(
        schedule.procedure,
        staff=tuple(replace(p, end=40) if p.id == "ann" else p for p in schedule.procedure.staff),
    )
    schedule = replace(schedule, procedure=lonely)
    coverage = prove(schedule, list(coverage.hazards))
    dossier = write_gaps(coverage, schedule)
    assert [section.title for section in dossier.sections][:2] == [
        "One hazard alone",
        "Two at once",
    ]
    assert len(dossier.sections[0].blocks[0].rows) == 3
    assert "nobody can come" in dossier.sections[0].blocks[0].rows[0][1]


def test_a_day_without_gaps_says_so():
    schedule, coverage = night(second=(0, 60))
    coverage = replace(coverage, sets=replace(coverage.sets, gaps=()))
    dossier = write_gaps(coverage, schedule)
    assert dossier.sections[0].blocks[0].text.startswith("No gap")


def test_every_gap_and_stretch_has_a_row():
    schedule, coverage = night()
    rows = list(list_gap_rows(coverage, schedule))
    assert len(rows) == sum(len(gap.spans) for gap in coverage.sets.gaps)
    first = dict(zip(GAP_COLUMNS, rows[0], strict=True))
    assert first["hazards"] == "arrest-A + arrest-B"
    assert (first["from_min"], first["to_min"], first["from"]) == (30, 60, "07:30")
    assert first["there_are"] == "Ann"


def test_swapping_the_twins_swaps_the_words_and_nothing_else():
    schedule, coverage = night()
    one_sided = [h for h in coverage.hazards if h.subject is not Subject.B]
    swapped = [
        replace(h, subject=Subject.B, title=h.title.replace("twin A", "twin B"))
        if h.subject is Subject.A
        else h
        for h in one_sided
    ]
    here = _sentences(schedule, prove(schedule, one_sided, order=2))
    there = _sentences(mirrored(schedule), prove(mirrored(schedule), swapped, order=2))
    assert len(here) == 1
    assert f"twin ●{NBSP}A" in here[0]
    assert [text.replace(f"●{NBSP}A", f"■{NBSP}B") for text in here] == there


def _sentences(schedule: Schedule, coverage: Coverage) -> list[str]:
    roll = Roll(schedule, coverage.hazards)
    return [tell_gap(s.worst, roll) for s in group_gaps(list_gaps(coverage), roll)]


def test_the_section_counts_and_says_whether_it_is_certified():
    schedule, coverage = night()
    (section,) = write_all_hazards(coverage, schedule)
    assert "NOT CERTIFIED" in section.blocks[0].text
    assert section.blocks[0].kind == "warning"
    counts = next(block for block in section.blocks if isinstance(block, Table))
    rows = [[cell.replace(NBSP, " ") for cell in row] for row in counts.rows]
    assert [row[:5] for row in rows] == [
        ["One hazard", "180", rows[0][2], "100 %", "0"],
        ["Two at once", "180", rows[1][2], "50 %", "90"],
        ["Three at once", "60", rows[2][2], "0 %", "60"],
    ]
    certified = replace(coverage, sets=replace(coverage.sets, certified=True))
    assert "Certified" in write_all_hazards(certified, schedule)[0].blocks[0].text
    assert write_all_hazards(replace(coverage, sets=None), schedule) == ()


def test_the_section_becomes_a_page():
    schedule, coverage = night()
    page = render_html(
        Dossier(title="t", banner="", sections=write_all_hazards(coverage, schedule), provenance=())
    )
    assert 'id="figure-pair-map"' in page
    assert 'href="gaps.csv"' in page


def cards(coverage: Coverage, schedule: Schedule) -> dict[str, object]:
    return {section.title: section for section in write_responses(coverage, schedule).sections}


def test_both_twins_share_a_card_with_a_column_each():
    schedule, coverage = night()
    found = cards(coverage, schedule)
    assert list(found) == ["Cardiac arrest", "Fire"]
    table = found["Cardiac arrest"].blocks[2]
    assert [cell.replace(NBSP, " ") for cell in table.headings] == ["As", "Within", "● A", "■ B"]
    assert [cell.replace(NBSP, " ") for cell in table.rows[0]] == [
        "anaesthesia",
        "2 min",
        "07:00 Ann",
        "07:00 Ann",
    ]


def test_hours_without_anybody_are_named_on_the_card():
    schedule, coverage = night()
    staff = tuple(replace(p, end=40) if p.id == "ann" else p for p in schedule.procedure.staff)
    schedule = replace(schedule, procedure=replace(schedule.procedure, staff=staff))
    coverage = prove(schedule, list(coverage.hazards))
    table = cards(coverage, schedule)["Fire"].blocks[2]
    assert table.rows[0][2].endswith("07:40 GAP")
    rows = [row for row in list_calls(coverage, schedule) if row[0] == "fire"]
    assert rows[-1][4:6] == (40, 60)
    assert rows[-1][-1] == "nobody"


def test_an_assumption_is_called_one():
    schedule, coverage = night()
    assert coverage.hazards[0].confidence is Confidence.ASSUMPTION
    last = cards(coverage, schedule)["Fire"].blocks[-1]
    assert last.kind == "assumption"
    assert last.text.startswith("ASSUMPTION")
    known = tuple(replace(h, confidence=Confidence.HIGH) for h in coverage.hazards)
    last = cards(replace(coverage, hazards=known), schedule)["Fire"].blocks[-1]
    assert last.text == "Source: by hand. Confidence: high."


def test_actions_become_steps():
    assert split_actions("Press at once; sponge. Call 1.5 packs of cells. Then wait") == (
        "Press at once; sponge.",
        "Call 1.5 packs of cells.",
        "Then wait.",
    )


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Cardiac arrest of twin A", "Cardiac arrest"),
        ("Death of twin A", "Death of a twin"),
        ("Drug given to twin A", "Drug given to a twin"),
    ],
)
def test_titles_for_either_twin(title, told):
    assert untwin(replace(hazard("x", (1, "scrub", 1)), title=title)) == told


def test_grades_kit_and_places_at_the_field_stand_on_the_card():
    schedule, coverage = night()
    fire = coverage.hazards[2]
    demand = replace(fire.response.demands[0], grade=4)
    response = replace(fire.response, demands=(demand,), sterile=2)
    changed = replace(coverage, hazards=(*coverage.hazards[:2], replace(fire, response=response)))
    section = cards(changed, schedule)["Fire"]
    assert section.blocks[2].rows[0][0] == "anaesthesia, grade 4+"
    assert section.blocks[3].text == (
        "Kit: 1 x pump. At the field of each twin in trouble: 2 more places."
    )


def with_drugs(coverage: Coverage) -> Coverage:
    drugs = (
        DrugDose(name="adrenaline", low=10, high=10, unit="micrograms/kg", most=85),
        DrugDose(name="mannitol", low=0.5, high=1, unit="g/kg"),
    )
    return replace(
        coverage,
        hazards=tuple(
            replace(
                h,
                response=replace(
                    h.response,
                    drugs=drugs,
                    blood={"red-cells": 50.0},
                    knock_on=("fire", "arrest-A"),
                    meanwhile="Counts wait.",
                ),
            )
            for h in coverage.hazards
        ),
    )


def test_doses_are_worked_out_for_each_twin_up_to_the_largest():
    schedule, coverage = night()
    document = write_responses(with_drugs(coverage), schedule, "", {TwinId.A: 9.4, TwinId.B: 8.0})
    section = next(s for s in document.sections if s.title == "Cardiac arrest")
    found = next(b for b in section.blocks if getattr(b, "caption", "") == "Drugs and blood")
    assert [cell.replace(NBSP, " ") for cell in found.headings[2:]] == ["● A 9.4 kg", "■ B 8 kg"]
    assert [[cell.replace(NBSP, " ") for cell in row] for row in found.rows] == [
        ["adrenaline", "10 micrograms/kg, at most 85 micrograms", "85 micrograms", "80 micrograms"],
        ["mannitol", "0.50 to 1 g/kg", "4.70 to 9.40 g", "4 to 8 g"],
        ["red cells", "50 mL/kg", "470 mL", "400 mL"],
    ]
    texts = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    assert "May be left meanwhile: Counts wait." in texts
    assert "May follow: fire, cardiac arrest." in texts
    assert any("checked by the team's pharmacist" in text for text in texts)


def test_without_a_weight_there_is_room_to_write():
    schedule, coverage = night()
    section = cards(with_drugs(coverage), schedule)["Fire"]
    found = next(b for b in section.blocks if getattr(b, "caption", "") == "Drugs and blood")
    assert "____" in found.headings[2]
    assert {cell for row in found.rows for cell in row[2:]} == {"_" * 9}


def test_cards_stand_two_to_a_page():
    schedule, coverage = night()
    page = render_sheets(write_responses(coverage, schedule), A5_PAIR)
    assert page.count('<div class="leaf">') == 1
    assert page.count('class="sheet"') == 2


def test_the_sheets_that_the_dossier_names_are_written(tmp_path):
    schedule, coverage = night()
    files = {path.name for path in write_sheets(tmp_path, schedule, "Made up", coverage)}
    named = {
        name
        for section in write_all_hazards(coverage, schedule)
        for block in section.blocks
        if isinstance(block, Links)
        for _, name in block.entries
    }
    assert named <= files
    assert {"responses.html", "call-outs.csv"} <= files
    assert files == {path.name for path in tmp_path.iterdir()}
