"""Centrelines and calibres of drawn tubes: touches parted, loops kept, nothing lost."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from blood_images import lay_images
from scipy import ndimage

from diptych.anatomy.centring import centre_paths
from diptych.anatomy.filling import read_noise
from diptych.anatomy.images import Images
from diptych.anatomy.lumen import Blood, divide_lumen, find_blood, grow_voxels
from diptych.anatomy.mouths import close_mouths
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.touches import cut_touches
from diptych.anatomy.vessels import Tree, trace_vessels
from diptych.kernels.components import label_components
from diptych.kernels.skeleton import Skeleton, Strand
from diptych.kernels.tubes import draw_tubes

STEP, FULL, LIMIT = 1.5, 160.0, 80.0
SHAPE = (48, 40, 32)
FINE = 5


def scene(
    paths: list[np.ndarray], radii: list[float], noise: float = 6.0
) -> tuple[Images, Compartments]:
    """Tubes of blood in grey tissue as a scanner with voxels of STEP shows them."""
    fine = STEP / FINE
    affine = np.diag([fine, fine, fine, 1.0])
    affine[:3, 3] = -0.5 * (STEP - fine)
    segments = np.concatenate(
        [
            np.concatenate(
                [p[:-1], np.full((len(p) - 1, 1), r), p[1:], np.full((len(p) - 1, 1), r)], axis=1
            )
            for p, r in zip(paths, radii, strict=True)
        ]
    )
    shape = tuple(size * FINE for size in SHAPE)
    level, _ = draw_tubes(shape, affine, segments, np.ones(len(segments), dtype=np.uint8))
    share = (level > 0.5).reshape(SHAPE[0], FINE, SHAPE[1], FINE, SHAPE[2], FINE)
    rise = ndimage.gaussian_filter(FULL * share.mean(axis=(1, 3, 5)), 0.55 / STEP)
    random = np.random.Generator(np.random.Philox(key=3))
    rise = (rise + 4.0 + random.normal(0.0, noise, SHAPE)).astype(np.float32)
    everywhere = np.ones(SHAPE, dtype=bool)
    pieces = label_components(rise > LIMIT, neighbours=26)
    keep = pieces.sizes >= 6
    keep[0] = False
    images = lay_images(rise, everywhere, STEP)
    parts = Compartments(
        bone=~everywhere,
        cavity=everywhere,
        vessel=keep[pieces.labels],
        depth=rise,
        lumps=np.zeros(SHAPE, dtype=np.int32),
        rise=rise,
    )
    return images, parts


def straight(a: tuple[float, ...], b: tuple[float, ...]) -> np.ndarray:
    return np.linspace(a, b, 40)


def ring() -> np.ndarray:
    turn = np.linspace(0.0, 2.0 * np.pi, 90)
    return np.stack([36 + 18 * np.cos(turn), 30 + 18 * np.sin(turn), 0 * turn + 22.5], axis=1)


VEINS = [
    straight((6.0, 30.0, 20.0), (64.0, 30.0, 20.0)),
    straight((36.0, 6.0, 23.4), (36.0, 54.0, 23.4)),
]


@cache
def touching() -> Tree:
    """Two veins that cross at right angles, walls 1 mm apart, and end in one sinus."""
    images, parts = scene(
        [
            *VEINS,
            straight((20.0, 54.0, 23.4), (64.0, 54.0, 23.4)),
            straight((64.0, 54.0, 23.4), (64.0, 16.0, 20.0)),
        ],
        [1.2, 1.2, 2.2, 2.2],
    )
    return trace_vessels(images, parts)


def test_veins_that_touch_in_the_image_are_two_lines() -> None:
    _, parts = scene(VEINS, [1.2, 1.2])
    assert label_components(parts.vessel, neighbours=26).count == 1
    tree = touching()
    veins = [branch for branch in tree.branches if branch.calibre < 3.2]
    assert sorted(len(tree.free_ends(branch)) for branch in veins) == [1, 1]
    assert sorted(round(branch.length) for branch in veins) == [47, 58]


def ladder(dip: float) -> tuple[Skeleton, np.ndarray, Images]:
    """Two long lines with a link between them that has `dip` of their contrast, and a tie
    at their ends.
    """
    images, _ = scene(VEINS, [1.2, 1.2])
    rise = np.full(SHAPE, 150.0, dtype=np.float32)
    rise[20, 15:18, 10] = 150.0 * dip
    a, b, c, d = (np.array([i, j, 10.0]) for i in (20.0, 44.0) for j in (14.0, 18.0))
    e, f = (np.array([2.0, j, 10.0]) for j in (14.0, 18.0))
    ways = [(0, 1, a, b), (0, 2, a, c), (1, 3, b, d), (2, 3, c, d), (4, 0, e, a), (5, 1, f, b)]
    strands = tuple(Strand(start=m, end=n, path=np.linspace(p, q, 20)) for m, n, p, q in ways)
    return Skeleton(nodes=np.array([a, b, c, d, e, f]), strands=strands), rise, images


@pytest.mark.parametrize(("dip", "links"), [(1.0, 0), (0.9, 0), (0.6, 1), (0.3, 1)])
def test_link_whose_contrast_dips_is_no_vessel(dip: float, links: int) -> None:
    skeleton, rise, images = ladder(dip)
    cut, found = cut_touches(skeleton, images, rise)
    assert len(found) == links
    assert len(cut.strands) == (6 if links == 0 else 3)


@pytest.mark.parametrize(("dip", "radius", "links"), [(0.7, 1.2, 1), (0.7, 2.2, 0), (0.5, 2.2, 1)])
def test_a_link_of_sinuses_is_cut_only_where_the_dip_is_deep(
    dip: float, radius: float, links: int
) -> None:
    skeleton, rise, images = ladder(dip)
    found = cut_touches(skeleton, images, rise, 0.0, lambda places: np.full(len(places), radius))
    assert len(found[1]) == links


def test_a_line_that_wavers_in_noise_is_straightened_and_keeps_its_ends() -> None:
    """A straight vessel of 5 mm whose blood, and so its traced line, wavers by a millimetre over
    eight points: as long as it is only when noisy.
    """
    along = np.linspace(4.0, 67.0, 64)
    waver = 20.0 + np.sin(2.0 * np.pi * np.arange(64) / 8.0)
    path = np.stack([along, waver, np.full(64, 20.0)], axis=1)
    index = path / STEP
    skeleton = Skeleton(nodes=index[[0, -1]], strands=(Strand(start=0, end=1, path=index),))
    steps = np.arange(-2.0, 3.0)
    place = np.array([(x, y + a, 20.0 + b) for x, y, _ in path for a in steps for b in steps])
    blood = Blood(place=place, volume=np.full(len(place), 0.8))
    images, _ = scene(VEINS, [1.2, 1.2])
    lengths = []
    for noisy in (False, True):
        nodes, (line,) = centre_paths(skeleton, images, blood, noisy=noisy)
        assert line[[0, -1]] == pytest.approx(nodes)
        lengths.append(float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum()))
    assert lengths[0] > 1.03 * 63.0
    assert lengths[1] == pytest.approx(63.0, rel=0.015)


def test_how_much_a_link_fades_is_read() -> None:
    """A short branch between two veins whose middle holds a share of their contrast."""
    lines = [
        straight((6.0, 26.0, 20.0), (64.0, 26.0, 20.0)),
        straight((6.0, 33.5, 20.0), (64.0, 33.5, 20.0)),
        straight((36.0, 26.0, 20.0), (36.0, 33.5, 20.0)),
    ]
    images, parts = scene(lines, [1.5, 1.5, 1.5], noise=0.0)
    found = []
    for share in (1.0, 0.85):
        rise = parts.rise.copy()
        rise[:, 19:21] *= share
        tree = trace_vessels(images, replace(parts, rise=rise))
        links = [branch for branch in tree.branches if branch.length < 10.0]
        assert len(links) == 1 and len(tree.branches) == 5
        assert all(branch.fade == 1.0 for branch in tree.branches if branch.length > 10.0)
        found.append(links[0].fade)
    assert found[0] >= 1.0
    assert found[1] == pytest.approx(0.85 * found[0], rel=0.03)


def test_all_that_is_seen_of_a_vein_mouth_stays() -> None:
    skeleton, rise, images = ladder(0.3)
    short = Skeleton(nodes=skeleton.nodes, strands=(*skeleton.strands[:2], *skeleton.strands[4:]))
    assert len(cut_touches(short, images, rise)[1]) == 0


def test_centreline_is_finer_than_the_voxel() -> None:
    longest = next(b for b in touching().branches if np.ptp(b.path[:, 0]) > 50.0)
    inner = longest.path[(longest.path[:, 0] > 12.0) & (longest.path[:, 0] < 60.0)]
    away = np.linalg.norm(inner[:, 1:] - [30.0, 20.0], axis=1)
    assert np.median(away) < 0.3
    assert away.max() < 0.8


@pytest.mark.parametrize("radius", [1.2, 1.6, 2.4])
def test_calibre_within_a_tenth(radius: float) -> None:
    images, parts = scene([straight((6.0, 22.0, 20.3), (64.0, 38.0, 27.9))], [radius])
    (branch,) = trace_vessels(images, parts).branches
    assert branch.calibre == pytest.approx(2.0 * radius, rel=0.1)


def test_ring_with_a_vein_is_a_loop_with_a_tail() -> None:
    images, parts = scene([ring(), straight((54.0, 30.0, 22.5), (68.0, 30.0, 40.0))], [2.2, 1.2])
    tree = trace_vessels(images, parts)
    ends = [sorted((branch.start, branch.end)) for branch in tree.branches]
    used = {node for pair in ends for node in pair}
    assert len(ends) - len(used) + 1 == 1
    circle = sum(branch.length for branch in tree.branches if branch.calibre > 3.0)
    assert circle == pytest.approx(2.0 * np.pi * 18.0, rel=0.08)


def test_confluence_of_two_veins_stays_joined() -> None:
    images, parts = scene(
        [
            straight((8.0, 10.0, 22.0), (36.0, 30.0, 22.0)),
            straight((8.0, 50.0, 22.0), (36.0, 30.0, 22.0)),
            straight((36.0, 30.0, 22.0), (66.0, 30.0, 22.0)),
        ],
        [1.2, 1.2, 1.5],
    )
    tree = trace_vessels(images, parts)
    assert sorted(tree.degree[tree.degree > 0].tolist()) == [1, 1, 1, 3]


def test_thin_vein_stays_in_one_piece_on_half_voxels() -> None:
    images, parts = scene([straight((6.0, 20.2, 20.7), (66.0, 37.1, 26.2))], [0.9], noise=9.0)
    coarse = label_components(parts.vessel, neighbours=26).count
    fine, factor = divide_lumen(images, parts)
    assert factor == 2
    assert label_components(fine, neighbours=26).count == coarse


def test_blood_of_a_tube_is_its_volume() -> None:
    images, parts = scene([straight((10.0, 30.0, 22.0), (60.0, 30.0, 22.0))], [1.5])
    blood = find_blood(images, parts)
    middle = (blood.place[:, 0] > 20.0) & (blood.place[:, 0] < 50.0)
    expected = np.pi * 1.5**2 * 30.0
    assert blood.volume[middle].sum() == pytest.approx(expected, rel=0.12)


def test_growing_stops_at_the_edge_of_the_grid() -> None:
    grown = grow_voxels(np.array([[0, 0, 0]]), (3, 3, 3), 1)
    assert grown.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_no_vessel_no_branch() -> None:
    images, parts = scene([straight((10.0, 30.0, 22.0), (60.0, 30.0, 22.0))], [1.5])
    parts.vessel[:] = False
    tree = trace_vessels(images, parts)
    assert tree.branches == () and tree.touches == 0


def fading(gap_rise: float) -> tuple[Skeleton, np.ndarray, Images]:
    """A vein that ends two voxels short of a sinus, and the contrast in between."""
    images, _ = scene(VEINS, [1.2, 1.2])
    rise = np.full(SHAPE, 150.0, dtype=np.float32)
    rise[21:24, 20, 10] = gap_rise
    a, b, c, d = (
        np.array(p, dtype=float) for p in ((4, 20, 10), (21, 20, 10), (24, 4, 10), (24, 36, 10))
    )
    strands = (
        Strand(start=0, end=1, path=np.linspace(a, b, 18)),
        Strand(start=2, end=3, path=np.linspace(c, d, 33)),
    )
    return Skeleton(nodes=np.array([a, b, c, d]), strands=strands), rise, images


@pytest.mark.parametrize(("gap_rise", "strands"), [(120.0, 3), (20.0, 2)])
def test_mouth_that_only_fades_is_closed(gap_rise: float, strands: int) -> None:
    skeleton, rise, images = fading(gap_rise)
    closed = close_mouths(skeleton, images, rise)
    assert len(closed.strands) == strands
    if strands == 3:
        ends = [end for strand in closed.strands for end in (strand.start, strand.end)]
        assert ends.count(4) == 3
        assert closed.nodes[4].tolist() == [24.0, 20.0, 10.0]


@pytest.mark.parametrize(
    ("gap_rise", "begin", "longer", "strands"),
    [(75.0, 4.0, 1.0, 2), (75.0, 4.0, 1.5, 3), (50.0, 4.0, 1.5, 2), (75.0, 12.0, 1.5, 2)],
)
def test_in_noise_a_fainter_and_longer_mouth_is_closed(
    gap_rise: float, begin: float, longer: float, strands: int
) -> None:
    """But not where the contrast is lost, nor for what may be a spur."""
    skeleton, rise, images = fading(150.0)
    start, end = np.array([begin, 20.0, 10.0]), np.array([18.5, 20.0, 10.0])
    rise[19:24, 20, 10] = gap_rise
    vein = Strand(start=0, end=1, path=np.linspace(start, end, 14))
    nodes = np.concatenate([[start, end], skeleton.nodes[2:]])
    short = Skeleton(nodes=nodes, strands=(vein, skeleton.strands[1]))
    assert len(close_mouths(short, images, rise, longer).strands) == strands


@pytest.mark.parametrize(("noise", "pieces"), [(0.0, 2), (30.0, 1)])
def test_how_long_a_mouth_may_be_is_read_from_the_noise(noise: float, pieces: int) -> None:
    """A vein whose last 3 mm before a sinus hold less than half of its contrast."""
    vein = straight((6.0, 30.0, 21.0), (33.0, 30.0, 21.0))
    sinus = straight((39.0, 8.0, 21.0), (39.0, 52.0, 21.0))
    images, parts = scene([vein, sinus], [1.5, 2.2], noise=0.0)
    parts.rise[20:26, 20, 14] = np.maximum(parts.rise[20:26, 20, 14], 0.47 * FULL)
    random = np.random.Generator(np.random.Philox(key=9))
    rise = (parts.rise + random.normal(0.0, noise, SHAPE)).astype(np.float32)
    tree = trace_vessels(images, replace(parts, rise=rise, calm=parts.rise))
    ends = sorted(len(tree.free_ends(branch)) for branch in tree.branches)
    assert ends == ([2, 2] if pieces == 2 else [1, 1, 1])


def test_mouth_of_a_vein_that_comes_back_to_its_beginning_is_closed() -> None:
    """Its other end lies near its mouth; where it heads is read along it, not beside it."""
    images, _ = scene(VEINS, [1.2, 1.2])
    rise = np.full(SHAPE, 150.0, dtype=np.float32)
    corners = np.array([(21, 23, 10), (6, 23, 10), (6, 20, 10), (21, 20, 10)], dtype=float)
    where = np.linspace(0.0, 3.0, 60)
    loop = np.stack([np.interp(where, np.arange(4), corners[:, a]) for a in range(3)], axis=1)
    sinus = np.linspace((24, 4, 10), (24, 36, 10), 33)
    strands = (Strand(start=0, end=1, path=loop), Strand(start=2, end=3, path=sinus))
    nodes = np.array([loop[0], loop[-1], sinus[0], sinus[-1]])
    closed = close_mouths(Skeleton(nodes=nodes, strands=strands), images, rise)
    ends = [end for strand in closed.strands for end in (strand.start, strand.end)]
    places = [tuple(node) for node in closed.nodes]
    assert ends.count(places.index((24.0, 20.0, 10.0))) == 3


def test_end_that_points_past_a_vessel_is_left() -> None:
    skeleton, rise, images = fading(150.0)
    aside = skeleton.strands[0].path @ np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    turned = aside - aside[-1] + skeleton.nodes[1]
    strands = (Strand(start=0, end=1, path=turned), skeleton.strands[1])
    nodes = np.concatenate([turned[:1], skeleton.nodes[1:]])
    left = close_mouths(Skeleton(nodes=nodes, strands=strands), images, rise)
    assert len(left.strands) == 2


def test_noise_is_read_and_a_dip_within_it_is_no_touch() -> None:
    random = np.random.Generator(np.random.Philox(key=5))
    field = random.normal(4.0, 10.0, (30, 30, 30)).astype(np.float32)
    assert read_noise(field, np.ones(field.shape, dtype=bool)) == pytest.approx(10.0, rel=0.05)
    skeleton, rise, images = ladder(0.6)
    assert len(cut_touches(skeleton, images, rise, noise=10.0)[1]) == 1
    assert len(cut_touches(skeleton, images, rise, noise=30.0)[1]) == 0
