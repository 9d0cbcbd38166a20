"""The chart of the front: every point where its figures say, told in words, cuts as they are."""

import re
from dataclasses import replace

import numpy as np
import pytest
from picture_inputs import front_inputs, make_front
from report_inputs import SMALL, make_anatomy, make_inputs, make_plan

from diptych.formats.html.drawing import embed_figure
from diptych.model import TwinId
from diptych.report import dossier
from diptych.report.frontier import draw_front, list_ticks, pad_range
from diptych.report.points import choose_shown, name_point, tabulate_points, tell_point
from diptych.report.previews import draw_previews
from diptych.report.scene import lay_scene
from diptych.report.thumbnails import paint_slab, part_slab, take_slab, trace_cut


def scene_of(mirror=False):
    return lay_scene(make_anatomy(mirror), make_plan(mirror))


def drawn():
    (figure,) = draw_front(make_front())
    return figure


def previewed():
    (figure,) = draw_previews(scene_of(), front_inputs(picture_width=200))
    return figure


def test_a_front_without_points_is_left_out():
    inputs = make_inputs(picture_width=SMALL)
    assert draw_front(inputs.front) == draw_previews(scene_of(), inputs) == ()
    assert tabulate_points(make_inputs().case, make_inputs().front) == ()


def test_every_plan_is_marked_with_letter_and_shape_and_dominated_points_are_hollow():
    figure = drawn()
    assert figure.svg.count('stroke-dasharray="2.4 1.6"') == 2  # in both charts
    assert figure.svg.count(">=<") == 2
    assert "Hollow: 1 point" in figure.caption
    embed_figure(figure)


def test_each_cut_shown_has_its_number_name_and_the_risk_with_its_doubt():
    figure = previewed()
    assert ">kinder-A<" in figure.svg and ">plan-balanced<" in figure.svg
    assert figure.svg.count(">infarct (low confidence):<") == figure.svg.count("<image") == 4
    numbers = re.findall(r">(\d+)</text>", figure.svg)
    assert [int(n) - 1 for n in numbers] == list(choose_shown(make_front()))
    embed_figure(figure)


def test_the_words_give_both_twins_figures_of_each_point():
    front = make_front()
    words = tell_point(front, 1).replace("\u00a0", " ")
    assert words.startswith("Point 2, 50 % kinder to B: twin A gives 9.50 ml, drains 70 %")
    assert "twin B gives 4 ml" in words and "dominated: point 3" in words
    shown = tell_point(front, 2).replace("\u00a0", " ")
    for figure in (drawn(), previewed()):
        assert shown in figure.alt.replace("\u00a0", " ")


def test_a_table_tells_all_points():
    inputs = front_inputs()
    (table,) = tabulate_points(inputs.case, inputs.front)
    assert [row[0] for row in table.rows] == ["1", "2", "3", "4", "5"]
    assert table.rows[2][1] == "plan-balanced (proposed)"
    assert table.rows[1][5].startswith("dominated: point 3")
    assert table.headings[2][0] + table.headings[3][0] == "●■"


def test_points_with_a_plan_and_some_between_are_shown():
    front = make_front()
    assert choose_shown(front) == (0, 2, 3, 4)
    many = tuple(replace(front.points[3], kindness=n / 30) for n in range(20))
    shown = choose_shown(replace(front, points=(*front.points[:3], *many, front.points[4])))
    assert len(shown) == 6 and {0, 2, 23} <= set(shown)


def test_points_stand_where_their_figures_say():
    front = make_front()
    figure = drawn()
    track = re.findall(
        r'<polyline points="([^"]*)" fill="none" stroke="[^"]*" stroke-width="1.2"', figure.svg
    )
    for line, read in zip(
        track, (lambda p, t: p.costs[t].own_tissue_given, lambda p, t: p.drained[t]), strict=True
    ):
        places = np.array([[float(v) for v in pair.split(",")] for pair in line.split()])
        kept = [p for p in front.points if not p.dominated]
        for axis, twin, way in ((0, TwinId.A, 1.0), (1, TwinId.B, -1.0)):
            values = np.array([read(p, twin) for p in kept])
            slope = np.diff(places[:, axis]) / np.diff(values)
            assert slope == pytest.approx(slope[0], rel=0.02) and slope[0] * way > 0


def test_the_cuts_shown_are_those_of_the_front():
    front, scene = make_front(), scene_of()
    slab = take_slab(scene, make_anatomy(), front.nested, 60)
    for n in range(len(front.points)):
        field = part_slab(replace(slab, blur=1e-3), n)
        counts = [int((field > 0.5).sum()), int((field < -0.5).sum())]
        sides = front.side_at(n).voxels
        shares = [float((sides == code).sum()) for code in (1, 2)]
        assert counts[0] > 0 and counts[1] > 0
        assert (counts[0] > counts[1]) == (shares[0] > shares[1]) or shares[0] == shares[1]
        assert trace_cut(slab, n).startswith("M")
    given = [int((part_slab(slab, n) > 0).sum()) for n in range(len(front.points))]
    assert given == sorted(given) and given[0] < given[-1]


def test_twin_a_is_left_in_the_small_pictures():
    for mirror in (False, True):
        scene = scene_of(mirror)
        slab = take_slab(scene, make_anatomy(mirror), make_front(mirror).nested, 60)
        image = paint_slab(slab, 2)
        height, width = slab.codes.shape
        left, right = image[height // 2, width // 8], image[height // 2, -width // 8]
        assert left[0] > left[2] and right[2] > right[0]  # orange, purple


def test_twins_that_change_letters_swap_the_axes_and_nothing_else():
    one, two = make_front(), make_front(mirror=True)
    for n, point in enumerate(one.points):
        other = two.points[len(two.points) - 1 - n]
        assert point.costs[TwinId.A] == other.costs[TwinId.B]
        swap = str.maketrans("AB", "BA")
        assert name_point(one, point).translate(swap) == name_point(two, other)
    first, second = (
        take_slab(scene_of(m), make_anatomy(m), make_front(m).nested, 60) for m in (False, True)
    )
    for n in range(5):
        mirrored = -part_slab(second, 4 - n)[:, ::-1]
        assert np.abs(part_slab(first, n) - mirrored).max() < 0.35


def test_ranges_hold_all_values_and_ticks_are_round():
    for values in ([1.0, 2.0], [3.0, 3.0], [0.0, 0.0], [61.0, 100.0]):
        low, high = pad_range(values, 100.0)
        assert low < min(values) and high > max(values) and high < max(values) + 60
        ticks = list_ticks(low, high, 6)
        assert 1 <= len(ticks) <= 6 and all(low <= t <= high for t in ticks)
    assert list_ticks(0.0, 10.0, 6) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_the_dossier_holds_the_front_and_its_table():
    made = dossier(front_inputs(picture_width=SMALL))
    (section,) = (s for s in made.sections if s.id == "separation")
    assert "front" in [getattr(block, "id", "") for block in section.blocks]
    assert any(getattr(b, "caption", "").startswith("Points of the front") for b in section.blocks)


def test_signs_of_plans_at_one_place_do_not_hide_each_other():
    front = make_front()
    same = front.points[2]
    points = tuple(
        replace(p, costs=same.costs, drained=same.drained) if p.plan else p for p in front.points
    )
    (figure,) = draw_front(replace(front, points=points))
    chart = figure.svg.split("own blood drained")[0]
    disc = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="9" fill="#e8862e"', chart)
    square = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="18" height="18"', chart)
    (a,), (b,) = (np.array(found, dtype=float) for found in (disc, square))
    assert np.linalg.norm(a - (b + 9.0)) > 18.0
