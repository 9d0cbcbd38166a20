"""The streams of drainage: nothing is lost or made, and bands meet their bars."""

from dataclasses import replace

import pytest
from picture_inputs import allocate_ring, make_ring
from report_inputs import SMALL, make_anatomy, make_inputs, make_plan, measured

from diptych.formats.html.drawing import embed_figure
from diptych.model import SeparationFront, TwinId
from diptych.report.drainage import (
    COLUMNS,
    WIDTH,
    draw_drainage,
    list_states,
    name_roots,
)
from diptych.report.passage import find_sources, trace_passages
from diptych.report.streams import LOST, Ruler, choose_ways, lay_streams
from diptych.separation.channels import read_channels

SEEDS = (1, 2, 3, 4, 5)
RULER = Ruler(scale=0.5, gap=7.0, room=(44.0, 18.0, 34.0))


def states_of(seed):
    network, veins = allocate_ring(seed)
    return network, veins, [
        trace_passages(network, veins.keepers, divided=divided) for divided in (False, True)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_all_blood_that_enters_leaves_or_is_told_to_have_no_way_out(seed):
    network, _, states = states_of(seed)
    entering = find_sources(network).sum(axis=1)
    for passages in states:
        for place, twin in enumerate(TwinId):
            told = sum(p.flow for p in passages if p.twin is twin)
            assert told == pytest.approx(entering[place], rel=1e-9)
            assert all(p.flow > 0.0 for p in passages)


@pytest.mark.parametrize("told", [True, False])
def test_blood_enters_where_the_allocation_has_it_enter(told):
    """Also at junctions of both twins' own vessels, and where only flows tell of it."""
    network = make_ring(4)
    nodes = [replace(n, inflow=12.0 if told else 0.0) for n in network.nodes]
    vessels = [replace(v, flow=measured(5.0 + n)) for n, v in enumerate(network.vessels)]
    network = replace(network, nodes=tuple(nodes), vessels=tuple(vessels))
    channels = read_channels(network, (), viscosity=3.5, limit=8.0)
    found = find_sources(network)
    assert found.min(axis=0).max() > 1.0 or not told
    for place, twin in enumerate(channels.twins):
        assert found[list(TwinId).index(twin)] == pytest.approx(channels.source[place])


@pytest.mark.parametrize("seed", SEEDS)
def test_need_and_what_has_no_way_out_are_those_of_the_allocation(seed):
    _, veins, states = states_of(seed)
    for passages, drainage in zip(states, (veins.before, veins.after), strict=True):
        for twin in TwinId:
            mine = [p for p in passages if p.twin is twin]
            lost = sum(p.flow for p in mine if p.root is None)
            assert sum(p.flow for p in mine) == pytest.approx(drainage[twin].need, abs=1e-4)
            assert lost == pytest.approx(drainage[twin].cut_off, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_the_division_blood_leaves_by_the_own_jugulars_and_kept_vessels_alone(seed):
    network, veins, (_, after) = states_of(seed)
    roots = {node.id: node.root for node in network.nodes}
    kept = {v.name: veins.keepers[v.id] for v in network.vessels if v.id in veins.keepers}
    for p in after:
        assert p.root is None or roots[p.root] is p.twin
        assert not p.via or kept[p.via] is p.twin


def test_twins_that_change_letters_change_streams_and_nothing_else():
    network, veins = allocate_ring(2)
    swapped = {vessel: twin.other for vessel, twin in veins.keepers.items()}
    for divided in (False, True):
        one = trace_passages(network, veins.keepers, divided=divided)
        two = trace_passages(make_ring(2, mirror=True), swapped, divided=divided)
        first = {(p.twin, p.via, p.root): p.flow for p in one}
        second = {(p.twin.other, p.via, p.root): p.flow for p in two}
        assert first.keys() == second.keys()
        assert all(second[key] == pytest.approx(first[key]) for key in first)


@pytest.mark.parametrize("seed", SEEDS)
def test_bars_are_as_tall_as_what_comes_and_what_goes(seed):
    network, _, states = states_of(seed)
    ways = choose_ways(*states)
    for passages in states:
        streams = lay_streams(passages, ways, name_roots(network), RULER)
        for bar in streams.bars:
            if bar.column > 0:
                check_stack(bar, [(b.bottom, b.wide) for b in streams.bands if ends_at(b, bar)])
            if bar.column < 2 and bar.key[0] != LOST:
                check_stack(bar, [(b.top, b.wide) for b in streams.bands if starts_at(b, bar)])


def starts_at(band, bar):
    return (band.column, band.start) == (bar.column, bar.key)


def ends_at(band, bar):
    return (band.column + 1, band.end) == (bar.column, bar.key)


def check_stack(bar, bands):
    """The bands lie on each other without a gap, and are together as tall as the bar."""
    at = bar.y
    for top, wide in sorted(bands):
        assert top == pytest.approx(at, abs=1e-6)
        at += wide
    assert at == pytest.approx(bar.y + bar.tall, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_bars_of_a_column_do_not_overlap_and_stay_inside(seed):
    network, _, states = states_of(seed)
    for passages in states:
        streams = lay_streams(passages, choose_ways(*states), name_roots(network), RULER)
        for column in (0, 1, 2):
            bars = sorted((b.slot, b.y, b.tall) for b in streams.bars if b.column == column)
            ends = [0.0] + [max(y + tall, slot + RULER.room[column]) for slot, y, tall in bars]
            assert all(slot >= end - 1e-6 for (slot, _, _), end in zip(bars, ends, strict=False))
            assert ends[-1] <= streams.high + 1e-6


def with_allocation(seed=2):
    network, veins = allocate_ring(seed)
    plan = replace(make_plan(), allocation=veins)
    other = replace(plan, id="kinder-A", preference="A")
    front = SeparationFront(plans=(plan, other), proposed=plan.id, dominated=())
    anatomy = replace(make_anatomy(), vessels=network)
    return make_inputs(front=front, anatomy=anatomy, picture_width=SMALL)


def test_the_figures_say_in_words_what_they_show():
    inputs = with_allocation()
    first, second = draw_drainage(inputs)
    assert (first.id, second.id) == ("drainage", "drainage-others")
    _, passages, _ = list_states(inputs.anatomy.vessels, [inputs.front.plan], before=True)[0]
    need = sum(p.flow for p in passages if p.twin is TwinId.A)
    assert f"of twin A's {need:.0f} ml/min" in first.alt
    assert "Before: all vessels in common" in first.svg
    assert "After: plan kinder-A" in second.svg and "Before" not in second.svg
    assert f'viewBox="0 0 {WIDTH:.0f} ' in first.svg
    assert COLUMNS[2] < WIDTH
    embed_figure(first)


def test_blood_without_a_way_out_is_drawn_and_told():
    inputs = with_allocation()
    network, veins = allocate_ring(2)
    starved = dict.fromkeys(veins.keepers, TwinId.A)
    passages = trace_passages(network, starved, divided=True)
    assert sum(p.flow for p in passages if p.twin is TwinId.B and p.root is None) > 20.0
    plan = replace(inputs.front.plan, allocation=replace(veins, keepers=starved))
    front = SeparationFront(plans=(plan,), proposed=plan.id, dominated=())
    (figure,) = draw_drainage(replace(inputs, front=front))
    assert "no way out: " in figure.svg


def test_plans_without_an_allocation_have_no_streams():
    assert draw_drainage(make_inputs()) == ()
