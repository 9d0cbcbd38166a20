"""Sheets and skeletons on shapes whose answer is known."""

from itertools import pairwise

import numpy as np
import pytest

from diptych.kernels.sheet import bright_sheets
from diptych.kernels.skeleton import prune_spurs, trace_skeleton


def test_bright_sheet_is_found_at_its_middle() -> None:
    image = np.zeros((21, 12, 12), dtype=np.float32)
    image[10] = 50.0
    strength = bright_sheets(image, 0.8)
    assert int(strength[:, 6, 6].argmax()) == 10
    assert strength[10, 6, 6] > 5.0
    assert strength[4, 6, 6] == pytest.approx(0.0, abs=1e-3)


def test_dark_sheet_and_step_are_no_bright_sheet() -> None:
    dark = np.full((21, 12, 12), 50.0, dtype=np.float32)
    dark[10] = 0.0
    assert bright_sheets(dark, 0.8)[10, 6, 6] == 0.0


def test_rod_is_weaker_than_sheet() -> None:
    rod = np.zeros((21, 21, 12), dtype=np.float32)
    rod[10, 10] = 50.0
    sheet = np.zeros((21, 21, 12), dtype=np.float32)
    sheet[10] = 50.0
    strong = float(bright_sheets(sheet, 0.8)[10, 10, 6])
    assert float(bright_sheets(rod, 0.8)[10, 10, 6]) < 0.5 * strong


def test_eigenvalues_agree_with_numpy() -> None:
    random = np.random.Generator(np.random.Philox(key=2))
    image = random.normal(0.0, 10.0, (9, 9, 9)).astype(np.float32)
    found = bright_sheets(image, 0.01)
    v = image.astype(np.float64)
    for place in [(4, 4, 4), (2, 5, 3), (7, 1, 6)]:
        hessian = np.zeros((3, 3))
        unit = np.eye(3, dtype=int)
        for a in range(3):
            for b in range(3):
                if a == b:
                    up, down = tuple(place + unit[a]), tuple(place - unit[a])
                    hessian[a, a] = v[up] + v[down] - 2.0 * v[place]
                else:
                    corner = [
                        v[tuple(place + s * unit[a] + t * unit[b])]
                        for s in (1, -1)
                        for t in (1, -1)
                    ]
                    hessian[a, b] = (corner[0] - corner[1] - corner[2] + corner[3]) / 4.0
        low, middle, _ = np.linalg.eigvalsh(hessian)
        assert found[place] == pytest.approx(max(-low - 0.5 * abs(middle), 0.0), rel=1e-3, abs=1e-3)


def thick_line(shape: tuple[int, int, int], ends: list[tuple[int, ...]]) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    for a, b in pairwise(ends):
        for t in np.linspace(0.0, 1.0, 60):
            i, j, k = np.rint(np.array(a) * (1 - t) + np.array(b) * t).astype(int)
            mask[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2] = True
    return mask


def test_straight_tube_is_one_strand() -> None:
    skeleton = trace_skeleton(thick_line((12, 12, 40), [(6, 6, 5), (6, 6, 34)]))
    assert len(skeleton.strands) == 1
    assert np.ptp(skeleton.strands[0].path[:, 2]) > 24


def test_y_has_three_strands_at_one_node() -> None:
    mask = thick_line((40, 12, 40), [(20, 6, 4), (20, 6, 20)])
    mask |= thick_line((40, 12, 40), [(20, 6, 20), (6, 6, 34)])
    mask |= thick_line((40, 12, 40), [(20, 6, 20), (34, 6, 34)])
    whole = trace_skeleton(mask)
    skeleton = prune_spurs(whole, np.full(len(whole.nodes), 4.0))
    assert len(skeleton.strands) == 3
    ends = [node for strand in skeleton.strands for node in (strand.start, strand.end)]
    assert sorted(ends.count(node) for node in set(ends)) == [1, 1, 1, 3]


def test_closed_ring_is_kept_as_a_loop() -> None:
    i, j, k = np.indices((40, 40, 11)) - np.array([20, 20, 5]).reshape(3, 1, 1, 1)
    mask = np.hypot(np.hypot(i, j) - 13.0, k) < 2.0
    whole = trace_skeleton(mask)
    skeleton = prune_spurs(whole, np.full(len(whole.nodes), 3.0))
    assert len(skeleton.strands) == 1
    strand = skeleton.strands[0]
    assert strand.start == strand.end
    assert len(strand.path) > 60


def test_short_spur_goes_and_long_branch_stays() -> None:
    mask = thick_line((20, 30, 50), [(10, 8, 5), (10, 8, 44)])
    mask[10, 10:13, 25] = True
    mask |= thick_line((20, 30, 50), [(10, 8, 15), (10, 22, 15)])
    whole = trace_skeleton(mask)
    skeleton = prune_spurs(whole, np.full(len(whole.nodes), 6.0))
    assert len(skeleton.strands) == 3


def test_nothing_gives_nothing() -> None:
    assert trace_skeleton(np.zeros((5, 5, 5), dtype=bool)).strands == ()
