"""Two round heads covered from end to end: defects, skin, flaps, bone, patch, mirror, storage."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from covered_pair import Heads, draw_heads, make_crossings, make_pair, mirror_pair
from scipy import ndimage
from separation_pair import make_anatomy, make_case

from diptych.model import InputError, Reconstruction, SeparationPlan, Tissue, TwinId
from diptych.separation import SeparationPolicy, plan
from diptych.separation.area import measure_faces
from diptych.separation.growth import measure_growth, surface_ratio
from diptych.separation.opening import view_opening
from diptych.separation.patch import measure_extent
from diptych.separation.plan import TABLES as NAMES
from diptych.separation.reconstruction import cover_twins
from diptych.separation.scalp import chart_scalp
from diptych.storage.codec import decode, encode
from diptych.tables import load_table

TABLES = {name: load_table(name) for name in NAMES}
CROSSINGS = make_crossings([3.0], "A")


def cover(heads=None, *, months=(8, 11), tables=TABLES):
    return cover_twins(*make_pair(heads, months=months), CROSSINGS, tables=tables)


@pytest.fixture(scope="module")
def covered():
    return cover()


@pytest.fixture(scope="module")
def fresh():
    """Operated on at the age of the scan."""
    return cover(months=(8, 8))


@pytest.fixture(scope="module")
def alike():
    """Heads of one size."""
    return cover(Heads(a=66.0, b=66.0))


@pytest.fixture(scope="module")
def old():
    """At 15 months, with 9 mm of bone."""
    return cover(Heads(bone=9.0), months=(15, 15))


def test_the_smaller_head_needs_more_over_the_same_opening(covered):
    a, b = (covered.defects[twin] for twin in TwinId)
    growth = covered.reconstruction[TwinId.A].growth.value
    heads = Heads()
    disc = np.pi * heads.disc**2 / 100.0
    for twin, radius, far in ((TwinId.A, heads.a, heads.far), (TwinId.B, heads.b, heads.far_b)):
        cap = 2.0 * np.pi * radius * (radius - far) / 100.0
        strip = 2.0 * np.pi * heads.disc * 5.0 / 100.0
        true = (disc + cap) / 2.0 * growth + strip * np.sqrt(growth)
        assert covered.defects[twin].skin.value == pytest.approx(true, rel=0.02)
    assert a.skin.value > b.skin.value
    assert a != b


def test_equal_heads_need_the_same(alike):
    a, b = (alike.defects[twin] for twin in TwinId)
    assert a.skin.value == pytest.approx(b.skin.value, rel=1e-3)
    assert a.bone.value == pytest.approx(b.bone.value, rel=1e-3)


def test_growth_to_the_day(covered, fresh):
    growth = TABLES["growth"]
    girls = (44.2273 / 42.1995) ** 2
    assert surface_ratio(growth, "female", 183.0, 304.0) == pytest.approx(girls, rel=0.01)
    assert surface_ratio(growth, "male", 200.0, 200.0) == 1.0
    for twin in TwinId:
        ratio = covered.reconstruction[twin].growth.value
        assert 1.03 < ratio < 1.08
        bones = [found.defects[twin].bone.value for found in (fresh, covered)]
        assert bones[1] / bones[0] == pytest.approx(ratio)


def test_a_stale_scan_is_said(covered, fresh):
    for twin in TwinId:
        assert any("scan again" in note for note in covered.reconstruction[twin].notes)
        assert not any("scan again" in note for note in fresh.reconstruction[twin].notes)


def test_a_window_of_days_widens_the_interval():
    case, _, _ = make_pair(months=(8, 9))
    brief = replace(case.brief, latest_operation=date(2021, 1, 1))
    grown = measure_growth(brief, "female", None, growth=TABLES["growth"], timing=TABLES["timing"])
    assert grown.surface.low < grown.surface.value < grown.surface.high
    with pytest.raises(InputError, match="lies before the scan"):
        measure_growth(
            brief,
            "female",
            date(2020, 2, 1),
            growth=TABLES["growth"],
            timing=TABLES["timing"],
        )


def test_skin_balances_and_says_what_lacks(covered):
    for twin in TwinId:
        skin = covered.reconstruction[twin].skin
        for balance in (skin.expected, skin.cautious):
            supply = balance.own + balance.gain + balance.graft - balance.spare
            assert supply == pytest.approx(balance.need, abs=1e-9)
        assert skin.cautious.need == covered.defects[twin].skin.high
        assert skin.enough == (skin.cautious.graft == 0.0)
        assert skin.enough or f"{skin.cautious.graft:.0f} cm2 lack" in skin.sentence
        assert skin.expanders
        assert skin.weeks.value == pytest.approx(skin.fills[-1].day / 7.0)
        assert len(skin.fills[0].volumes) == len(skin.expanders)


def test_a_small_opening_closes_at_worst_too():
    found = cover(Heads(a=66.0, b=66.0, far=62.0))
    for twin in TwinId:
        skin = found.reconstruction[twin].skin
        assert skin.enough
        assert skin.cautious.gain >= skin.need.high - skin.own.low > 0.0
        assert skin.cautious.spare == pytest.approx(skin.own.low + skin.gain.low - skin.need.high)
        assert "even at worst the skin closes" in skin.sentence


def test_expanders_lie_on_the_own_scalp(covered):
    _, anatomy, side = make_pair()
    for twin in TwinId:
        own = side.voxels == (1 if twin is TwinId.A else 2)
        away = ndimage.distance_transform_edt(
            ~(own & (anatomy.tissues.voxels == Tissue.SKIN)), sampling=side.spacing
        )
        for expander in covered.reconstruction[twin].skin.expanders:
            for line in (expander.outline, expander.scar, np.array([expander.position])):
                index = np.rint(side.to_index(line)).astype(int)
                assert away[tuple(index.T)].max() <= 3.0
                assert np.abs(line[:, 0]).max() > 8.0


def test_flaps_lie_on_skin_and_keep_clear_of_scars(covered):
    _, anatomy, side = make_pair()
    for twin in TwinId:
        found = covered.reconstruction[twin]
        own = side.voxels == (1 if twin is TwinId.A else 2)
        away = ndimage.distance_transform_edt(
            ~(own & (anatomy.tissues.voxels == Tissue.SKIN)), sampling=side.spacing
        )
        assert len(found.flaps) == len(found.skin.expanders)
        for flap in found.flaps:
            index = np.rint(side.to_index(flap.line)).astype(int)
            assert away[tuple(index.T)].max() <= 3.0
            scars = np.concatenate([expander.scar for expander in found.skin.expanders])
            true = np.linalg.norm(flap.line[:, None] - scars[None], axis=2).min()
            assert 7.0 < flap.scar_distance <= true + 1e-9
            assert flap.wide_enough
            assert flap.ratio == pytest.approx(flap.length / flap.base)


def test_a_flap_line_too_near_a_scar_is_said(covered):
    strict = load_table(
        "reconstruction",
        '[[row]]\nkey = "expander-gap"\nlow = 9.9\nsource = "test"\n',
    )
    found = cover(tables=TABLES | {"reconstruction": strict})
    said = [n for twin in TwinId for n in found.reconstruction[twin].notes if "from a scar" in n]
    assert said
    assert "expected at least 9.9" in said[0]
    assert not any("from a scar" in n for n in covered.reconstruction[TwinId.A].notes)


def test_a_narrow_base_shortens_the_flap():
    strict = load_table(
        "reconstruction",
        '[[row]]\nkey = "flap-ratio"\nvalue = 0.3\nlow = 0.1\nsource = "test"\n',
    )
    found = cover(tables=TABLES | {"reconstruction": strict})
    for twin in TwinId:
        for flap in found.reconstruction[twin].flaps:
            assert flap.ratio <= 0.3
            assert flap.length < 60.0


@pytest.mark.parametrize(("bone", "step"), [(4.0, 2.0), (9.0, 2.0), (7.0, 1.5)])
def test_thickness_of_shells(bone, step):
    found = cover(Heads(bone=bone, step=step))
    for twin in TwinId:
        stock = found.reconstruction[twin].bone
        mean = float(np.average(stock.thickness, weights=stock.areas))
        assert mean == pytest.approx(bone, abs=max(0.02 * bone, step / 4.0))
        off = np.abs(stock.thickness - bone)
        assert np.percentile(off, 95) <= max(0.02 * bone, step / 2.0)


def test_thickness_where_rays_meet_the_bone_aslant():
    step, far = 1.5, 50.0
    tissues, side = draw_heads(Heads(a=66.0, b=66.0, far=far, bone=7.0, step=step))
    upper = np.arange(tissues.shape[1])[:, None] > tissues.shape[1] / 2.0
    tissues[(tissues == Tissue.BRAIN) & ~upper] = Tissue.SKIN
    steps = (step,) * 3
    openings = view_opening(side, tissues, measure_faces(side, steps), steps)
    scalp = chart_scalp(side, tissues, TwinId.A, openings[TwinId.A]["skin"].frame, steps)
    vault = scalp.hair & (scalp.along > 10.0)
    mean = float(np.average(scalp.bone[vault], weights=scalp.cells[vault]))
    assert mean == pytest.approx(7.0, rel=0.02)


def test_thin_or_young_bone_is_not_split(covered, old):
    young = cover(Heads(bone=9.0), months=(8, 10))
    for twin in TwinId:
        thin, thick = covered.reconstruction[twin].bone, old.reconstruction[twin].bone
        assert thin.available.value == 0.0
        assert thin.remaining == thin.need
        assert thick.thick.value == pytest.approx(thick.areas.sum(), rel=0.05)
        assert thick.available.value == pytest.approx(0.7 * thick.thick.value)
        assert thick.remaining.value == max(0.0, thick.need.value - thick.available.value)
        early = young.reconstruction[twin].bone
        assert early.thick.value > 50.0
        assert early.available.value == 0.0
        assert "reported from 13 months" in early.sentence
        assert "under a helmet" in early.sentence


def test_the_patch(alike):
    heads = Heads()
    radius = np.sqrt((heads.a - 8.0) ** 2 - heads.far**2)
    patch = alike.reconstruction[TwinId.A].patch
    dura = alike.defects[TwinId.A].dura
    assert patch.area == dura
    scale = np.sqrt(dura.value * 100.0 / (np.pi * radius**2))
    assert patch.length == pytest.approx(2.0 * radius * scale, rel=0.02)
    drawn = measure_extent(patch.outline[:, 1:])[0]
    assert patch.length / drawn == pytest.approx(scale, rel=0.01)
    assert patch.width == pytest.approx(patch.length, rel=0.03)
    around = np.hypot(patch.outline[:, 1], patch.outline[:, 2])
    assert around.mean() == pytest.approx(radius, abs=1.0)
    seam = (2.0 * np.pi * radius * scale * 10.0 + np.pi * 100.0) / 100.0
    assert patch.with_margin - dura.value == pytest.approx(seam, rel=0.03)
    assert len(patch.materials) == 5


def test_twins_joined_by_skin_alone():
    found = cover(Heads(a=66.0, b=66.0, far=64.0))
    for twin in TwinId:
        defect, rest = found.defects[twin], found.reconstruction[twin]
        assert (defect.bone.high, defect.dura.high) == (0.0, 0.0)
        assert defect.skin.value > 8.0
        assert (rest.patch.length, rest.patch.with_margin) == (0.0, 0.0)
        assert rest.patch.outline.shape == (0, 3)
        assert rest.bone.remaining.high == 0.0
        assert "helmet" not in rest.bone.sentence


def test_extent_of_a_rectangle():
    corners = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 40.0], [0.0, 40.0], [15.0, 20.0]])
    assert measure_extent(corners) == pytest.approx((50.0, 48.0))


def plain(value):
    """The JSON tree and the arrays of a value, arrays as bytes."""
    tree, arrays = encode(value)
    return tree, {name: arrays[name].tobytes() for name in sorted(arrays)}


def test_mirror(covered):
    swapped = cover_twins(*mirror_pair(*make_pair()), make_crossings([3.0], "B"), tables=TABLES)
    for twin in TwinId:
        assert plain(swapped.defects[twin]) == plain(covered.defects[twin.other])
        mine, theirs = covered.reconstruction[twin], swapped.reconstruction[twin.other]
        assert plain(mine.bone) == plain(theirs.bone)
        assert plain(mine.patch) == plain(theirs.patch)
        assert [plain(flap) for flap in mine.flaps] == [plain(flap) for flap in theirs.flaps]
        renamed = replace(theirs.skin, sentence=mine.skin.sentence)
        assert plain(renamed) == plain(mine.skin)


def test_storage(covered):
    for twin in TwinId:
        made = covered.reconstruction[twin]
        back = decode(Reconstruction, *encode(made))
        assert plain(back) == plain(made)


def test_the_whole_plan_of_the_toy_pair():
    policy = SeparationPolicy(preferences=("balanced",), points=3)
    found = plan(make_case(), make_anatomy(), tables=TABLES, policy=policy).plan
    assert set(found.reconstruction) == set(TwinId)
    assert {entry.step for entry in found.emergency} >= {"scalp", "clamp", "separation"}
    for twin in TwinId:
        skin = found.reconstruction[twin].skin
        assert skin.need == found.defects[twin].skin
        assert "no expander fits" in skin.sentence
    back = decode(SeparationPlan, *encode(found))
    assert plain(back) == plain(found)
    assert back.emergency == found.emergency
