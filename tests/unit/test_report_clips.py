"""Numbered clamps on the cut, and each twin before and after."""

import re
from dataclasses import replace

import numpy as np
import pytest
from picture_inputs import allocate_ring, front_inputs
from report_inputs import SMALL, make_anatomy, make_inputs, make_plan

from diptych.formats.html.drawing import embed_figure
from diptych.model import Owner, SeparationFront, TwinId
from diptych.report.callouts import Margins, least_height, place_callouts, spread_apart
from diptych.report.clips import APART, BADGE, WIDTH, draw_clips, lay_margins, list_clips
from diptych.report.partings import RAW_CODES, aim_both, draw_partings, label_raw, render_alone
from diptych.report.scene import lay_scene, lay_sides


def scene_of(mirror=False):
    return lay_scene(make_anatomy(mirror), make_plan(mirror))


@pytest.mark.parametrize("count", [1, 2, 7, 23, 60])
@pytest.mark.parametrize("crowded", [False, True])
def test_badges_do_not_overlap_and_stay_inside(count, crowded):
    rng = np.random.Generator(np.random.Philox(key=count))
    tall = max(300.0, least_height(count, APART))
    points = rng.uniform([70.0, 40.0], [530.0, 30.0 + tall], size=(count, 2))
    if crowded:
        points = 200.0 + 0.001 * points
    margins = lay_margins(tall)
    places = place_callouts(points, margins)
    for n in range(count):
        assert BADGE < places[n, 0] < WIDTH - BADGE
        assert margins.top - 1e-9 <= places[n, 1] <= margins.bottom + 1e-9
        for m in range(n):
            assert np.linalg.norm(places[n] - places[m]) >= 2 * BADGE


def test_badges_keep_the_order_of_their_points_so_that_lines_do_not_cross():
    points = np.array([[10.0, 50.0], [12.0, 20.0], [11.0, 22.0], [90.0, 10.0], [80.0, 90.0]])
    places = place_callouts(points, Margins(left=0, right=100, top=0, bottom=200, apart=25))
    assert places[:, 0].tolist() == [0, 0, 0, 100, 100]
    left = [0, 1, 2]
    assert sorted(left, key=lambda n: places[n, 1]) == sorted(left, key=lambda n: points[n, 1])


def test_badges_in_each_others_way_share_the_distance():
    margins = Margins(left=0, right=0, top=0, bottom=100, apart=20)
    assert spread_apart([50.0, 50.0], margins) == pytest.approx([40.0, 60.0])
    assert spread_apart([10.0, 80.0], margins) == pytest.approx([10.0, 80.0])
    assert spread_apart([2.0, 3.0], margins) == pytest.approx([0.0, 20.0])
    assert spread_apart([], margins) == []


def with_clamps(seed=3):
    network, veins = allocate_ring(seed)
    met = replace(make_plan().crossings[0], vessel=veins.clamps[0].vessel)
    plan = replace(make_plan(), allocation=veins, crossings=(met,))
    front = SeparationFront(plans=(plan,), proposed=plan.id, dominated=())
    anatomy = replace(make_anatomy(), vessels=network)
    return make_inputs(front=front, anatomy=anatomy, picture_width=SMALL)


def test_numbers_and_keepers_are_those_of_the_clamps():
    inputs = with_clamps()
    plan = inputs.front.plan
    clips = list_clips(plan, inputs.anatomy.vessels)
    steps = plan.allocation.clamps
    assert [(c.order, c.keeper) for c in clips] == [(s.order, s.keeper) for s in steps]
    assert [c.met for c in clips] == [True] + [False] * (len(clips) - 1)
    assert clips[0].position == plan.crossings[0].position
    (figure,) = draw_clips(scene_of(), inputs)
    numbers = [int(n) for n in re.findall(r">(\d+)</text>", figure.svg)]
    assert sorted(numbers) == [step.order for step in steps]
    for twin in TwinId:
        kept = [str(s.order) for s in steps if s.keeper is twin]
        assert f"Twin {twin} keeps {', '.join(kept) or 'none of them'}." in figure.alt
    embed_figure(figure)


def test_without_an_allocation_the_crossings_are_numbered():
    clips = list_clips(make_plan(), make_anatomy().vessels)
    assert [(c.order, c.met) for c in clips] == [(1, True), (2, True)]
    plan = replace(make_plan(), crossings=())
    front = SeparationFront(plans=(plan,), proposed=plan.id, dominated=())
    (figure,) = draw_clips(scene_of(), make_inputs(front=front, picture_width=SMALL))
    assert "severs no vessel" in figure.svg


def test_each_plan_has_its_cut_the_proposed_first():
    figures = draw_clips(scene_of(), front_inputs(picture_width=SMALL))
    assert [f.id for f in figures] == ["cut-plan-balanced", "cut-kinder-A", "cut-kinder-B"]


@pytest.mark.parametrize("mirror", [False, True])
def test_the_raw_face_and_nothing_else_is_hatched(mirror):
    scene = scene_of(mirror)
    for code in (1, 2):
        labels = label_raw(scene, code)
        raw = np.isin(labels, RAW_CODES)
        assert (labels[scene.sides != code] == 0).all()
        assert all((labels == one).any() for one in RAW_CODES)
        far = np.abs((np.argwhere(raw) @ scene.affine[:3, :3].T + scene.affine[:3, 3]
                      - scene.junction) @ scene.axis)  # fmt: skip
        assert far.max() <= 3 * scene.spacing


def test_both_twins_are_seen_at_one_scale_and_turn_their_raw_face_to_the_reader():
    scene = scene_of()
    views = aim_both(scene, 120)
    assert views[TwinId.A].scale == views[TwinId.B].scale
    assert views[TwinId.A].height == views[TwinId.B].height
    for twin, way in ((TwinId.A, 1.0), (TwinId.B, -1.0)):
        assert views[twin].forward @ scene.axis * way < -0.5
        image = render_alone(scene, twin, views[twin]).image
        pale = (
            (image[..., 3] > 200)
            & (image[..., :3].min(axis=-1) > 110)
            & (image[..., 0].astype(int) - image[..., 2] > 20)
        )
        assert pale.sum() > 60


def test_before_and_after_has_a_row_for_each_plan_and_tells_what_is_lacking():
    figure = draw_partings(scene_of(), front_inputs(picture_width=SMALL))
    assert figure.svg.count("<image") == 2 + 2 * 3
    assert "Joined" in figure.svg and "Alone, plan kinder-B" in figure.svg
    assert "twin A lacks skin 31\u00a0cm² (28 to 34)" in figure.alt
    embed_figure(figure)


def test_a_scene_laid_for_another_plan_keeps_its_place():
    scene, anatomy = scene_of(), make_anatomy()
    assert (lay_sides(scene, anatomy, make_plan().side).sides == scene.sides).all()
    turned = lay_sides(scene, anatomy, make_plan(mirror=True).side)
    assert (turned.sides == np.array([0, 2, 1])[scene.sides]).all()
    assert Owner.of(TwinId.A) == 1
