"""Shares of drainage and what the images allow, as the dossier tells them."""

from dataclasses import replace

from report_inputs import make_anatomy, measured

from diptych.model import DrainageShare, Scope, TwinId
from diptych.report.drains import (
    VENOUS,
    tabulate_places,
    tabulate_scope,
    tabulate_shares,
    tabulate_supply,
)


def share(twin, half, outlet, side, part):
    return DrainageShare(
        twin=twin,
        hemisphere=half,
        root="n1",
        outlet=outlet,
        outlet_side=side,
        flow=measured(200.0 * part, 1, "ml/min"),
        share=part,
    )


def network(shares):
    return replace(make_anatomy().vessels, shares=tuple(shares))


def test_each_half_has_a_row_and_its_shares_stand_under_the_right_jugular():
    a, b = TwinId.A, TwinId.B
    shares = [
        share(a, "left", a, "left", 0.25),
        share(a, "left", a, "left", 0.25),
        share(a, "left", b, "right", 0.5),
        share(b, "right", b, "right", 1.0),
    ]
    table, crossed = tabulate_shares(network(shares), VENOUS)
    assert [row[0] for row in table.rows] == ["left of A", "right of A", "left of B", "right of B"]
    assert table.headings[2:] == (
        "by left jugular of A",
        "by right jugular of A",
        "by left jugular of B",
        "by right jugular of B",
    )
    cells = [[cell.replace("\u00a0", " ") for cell in row[1:]] for row in table.rows]
    assert cells[0] == ["200 ml/min", "50 %", "0 %", "0 %", "50 %"]
    assert cells[3] == ["200 ml/min", "0 %", "0 %", "0 %", "100 %"]
    assert [row[1].replace("\u00a0", " ") for row in crossed.rows] == ["100 ml/min", "0 ml/min"]


def test_arteries_have_a_table_of_their_own_with_where_their_blood_comes_from():
    a, b = TwinId.A, TwinId.B
    shares = [share(a, "left", a, "left", 0.75), share(a, "left", b, "right", 0.25)]
    halves, crossed, arteries = tabulate_supply(network(shares))
    assert halves.headings[1:3] == ("Gets", "by left neck of A")
    assert "comes from" in halves.caption and "neck" in crossed.caption
    assert crossed.rows[0][1].replace("\u00a0", " ") == "50 ml/min"
    assert arteries.caption.startswith("Arteries found") and "Brain fed" in arteries.headings
    assert len(arteries.rows) == len({v.name for v in make_anatomy().vessels.vessels})


def test_named_meeting_places_are_listed_with_their_pressure():
    vessels = make_anatomy().vessels
    first, *rest = vessels.nodes
    named = replace(
        first, name="torcular A", name_confidence=0.8, pressure=measured(6.5, 1, "mmHg")
    )
    (table,) = tabulate_places(replace(vessels, nodes=(named, *rest)))
    assert [row[0] for row in table.rows] == ["torcular A"]
    assert "6.5" in table.rows[0][1] and table.rows[0][2].replace("\u00a0", " ") == "80 %"


def test_nothing_is_told_where_nothing_is_known():
    assert tabulate_supply(replace(network(()), vessels=())) == ()
    assert tabulate_places(network(())) == ()
    assert tabulate_shares(network(()), VENOUS) == ()
    assert tabulate_scope(None) == ()


def test_a_pair_that_is_no_craniopagus_is_told_so_with_what_cannot_be_computed():
    scope = Scope(
        craniopagus=False,
        findings=("bone of both twins meets at the skull base over 4 cm2",),
        possible=("tissues and owners",),
        impossible=("a plan of separation",),
    )
    (table,) = tabulate_scope(scope)
    assert table.rows[0][1] == "NO"
    assert ("Cannot be computed", "a plan of separation") in table.rows
    (open_table,) = tabulate_scope(replace(scope, craniopagus=None))
    assert open_table.rows[0][1].startswith("open")
