"""What follows from a plan for both twins, as the dossier tells it."""

from dataclasses import replace

import pytest
from separation_pair import make_anatomy, make_case

from diptych.model import Measured, TwinId
from diptych.report.cover import write_cover, write_emergency
from diptych.report.veins import tell_risk, write_allocation
from diptych.separation import SeparationPolicy, plan
from diptych.separation.plan import TABLES
from diptych.tables import load_table


@pytest.fixture(scope="module")
def made():
    tables = {name: load_table(name) for name in TABLES}
    policy = SeparationPolicy(preferences=("balanced",), points=3)
    return plan(make_case(), make_anatomy(), tables=tables, policy=policy).plan


def captions(blocks):
    return [block.caption for block in blocks if hasattr(block, "caption")]


def test_every_vessel_to_be_clamped_has_a_row_with_its_keeper(made):
    blocks = write_allocation(make_case(), make_anatomy().vessels, made.allocation)
    clamps = next(b for b in blocks if getattr(b, "caption", "").startswith("Test clamps"))
    assert len(clamps.rows) == len(made.allocation.clamps) > 0
    keepers = [row[2][-1] for row in clamps.rows]
    assert keepers == [step.keeper.value for step in made.allocation.clamps]


def test_both_twins_stand_side_by_side_before_and_after(made):
    drainage, *_ = write_allocation(make_case(), make_anatomy().vessels, made.allocation)
    assert len(drainage.headings) == 3
    assert [row[0].endswith(("before", "after")) for row in drainage.rows] == [True] * 8
    need = made.allocation.after[TwinId.B].need
    assert drainage.rows[4][2].startswith(f"{need:.0f}")


def test_the_proof_is_told_and_so_is_its_absence(made):
    network, case = make_anatomy().vessels, make_case()
    told = [b.text for b in write_allocation(case, network, made.allocation) if hasattr(b, "text")]
    assert made.allocation.proof.statement in told
    assert write_allocation(case, network, None) == ()


def test_the_cover_of_both_twins_and_its_assumptions(made):
    blocks = write_cover(make_case(), made.reconstruction)
    assert captions(blocks)[0].startswith("Covering each twin")
    skin = next(row for row in blocks[0].rows if row[0] == "Skin needed")
    assert skin[1].startswith(f"{int(made.reconstruction[TwinId.A].skin.need.value)}")
    assert any("assumption" in getattr(block, "text", "") for block in blocks)
    assert write_cover(make_case(), {}) == ()


def test_each_step_has_both_ways_out(made):
    table, done, left = write_emergency(make_case(), made.emergency)
    assert len(table.rows) == len(made.emergency) / 2
    assert all("not worked out" not in cell for row in table.rows for cell in row)
    assert done.text.startswith("What may have to be done") and "Scalp" in left.text
    alone = [replace(p) for p in made.emergency if p.dying is TwinId.A]
    assert all(row[3] == "not worked out" for row in write_emergency(make_case(), alone)[0].rows)
    assert write_emergency(make_case(), ()) == ()


def test_a_risk_is_told_with_its_interval():
    assert (
        tell_risk(Measured(value=0.0129, low=0.0016, high=0.06, unit="1")).replace("\u00a0", " ")
        == "1.3 % (0.2 % to 6 %)"
    )


def test_the_number_of_operations_that_the_team_wants_is_marked(made):
    for wanted, title in ((None, "none chosen here"), (1, "the team's choice marked")):
        blocks = write_allocation(make_case(), make_anatomy().vessels, made.allocation, wanted)
        found = next(b for b in blocks if getattr(b, "caption", "").startswith("One operation"))
        assert title in found.caption
        marked = [str(row[0]) for row in found.rows if "as demanded" in str(row[0])]
        assert marked == ([] if wanted is None else ["1, as demanded"])
