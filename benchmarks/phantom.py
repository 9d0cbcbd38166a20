"""The phantom of the benchmarks: two heads fused at the vertex, the same at every size.

    cost, seeds = make_phantom(256, "small")     # the whole
    cost, seeds = make_slab(1024, "large", 0, 64)  # planes 0 to 63 of the whole

Two ellipsoid heads, each with scalp 6, bone 14, dura 5, fluid 3 (CSF) and brain 60; the brain
has sulci 8; a bent sheet of dura 5 parts the twins; 40 vessels 120, half of them across the
sheet; noise of 25 % on every voxel; whole numbers from 1 to 127, air 0. 31.9 % of the cube is
tissue. "small" seeds are two deep balls, 1.3 % of the cube, a quarter of the side from the
sheet; "large" seeds are all brain away from the sheet, 12.9 %.

Places are in cube units, -1 to 1 along each axis, and do not depend on the number of voxels:
heads, sulci, sheet, vessels and seeds lie where they lie at every size. Two things keep their
width in voxels, as thin structures do that a scanner just resolves: the sheet (2.5) and the
vessels (2.5). Therefore the optimum grows a little less than with the square of the size.
Noise is drawn per voxel for each size.

Each plane is made alone, from its own counter-based stream: slabs and the whole are identical,
and nothing but the two arrays grows with the size.
"""

import functools

import numpy as np

SCALP, BONE, DURA, FLUID, BRAIN, SULCUS, VESSEL = 6, 14, 5, 3, 60, 8, 120
NOISE = 0.25

# Chosen for the shares of tissue and seeds above and for an optimum near 6.5 x side squared
# at 256, before any timing of the kernel that is measured on it.
RADII = (0.709, 0.807, 0.687)  # of a head, along i, j, k
CENTRE = 0.265  # of the heads, below and above the middle, along k
SHELLS = ((1.0, SCALP), (0.965, BONE), (0.87, DURA), (0.855, FLUID), (0.835, BRAIN))
CAVITY = 0.87  # inside the bone; sheet and vessels end here
SHEET = 1.25  # half width, voxels
BENDS = ((0.06, 3.0, 2.5), (0.05, 0.0, 5.0))  # heights and wave numbers of the sheet
FOLDS, FOLD_WIDTH, FOLD_DEPTH = 26, 0.1, 0.2  # cells a side, half width, innermost radius
VESSELS, VESSEL_RADIUS = 40, 1.25  # number, voxels
BALL_RADIUS, BALL_PLACE = 0.2316, 0.5
AWAY = 0.235  # of the sheet, where "large" seeds begin
KEY, FOLD_STREAM, VESSEL_STREAM = 1852, 1, 2


def make_phantom(size, kind):
    """Costs uint8 and seeds uint8 (0 free, 1 and 2), (size, size, size); kind small or large."""
    return make_slab(size, kind, 0, size)


def make_slab(size, kind, start, stop):
    """The planes `start` to `stop` (not included) of `make_phantom(size, kind)`."""
    if kind not in ("small", "large"):
        raise ValueError(f"kind {kind!r}, expected 'small' or 'large'")
    cost = np.zeros((stop - start, size, size), dtype=np.uint8)
    seeds = np.zeros_like(cost)
    for i in range(start, stop):
        _fill_plane(size, kind, i, cost[i - start], seeds[i - start])
    return cost, seeds


def _fill_plane(size, kind, i, cost, seeds):
    places = _places(size)
    x, y, z = places[i], places[:, None], places[None, :]
    if abs(x) >= RADII[0]:
        return
    nearest = (np.abs(z) - CENTRE) / RADII[2]
    depth = (x / RADII[0]) ** 2 + (y / RADII[1]) ** 2 + nearest**2  # squared
    height = z - _bend(x, y)
    base = np.zeros((size, size), dtype=np.uint8)
    for limit, tissue in SHELLS:
        base[depth < limit**2] = tissue
    brain = base == BRAIN
    base[brain & (depth > FOLD_DEPTH**2) & (np.abs(_folds(size, i)) < FOLD_WIDTH)] = SULCUS
    cavity = depth < CAVITY**2
    base[cavity & (np.abs(height) < SHEET * 2 / size)] = DURA
    held = _vessels(size, i)
    base.reshape(-1)[held[cavity.reshape(-1)[held]]] = VESSEL
    cost[:] = _add_noise(base, size, i)
    if kind == "small":
        for code, place in ((1, -BALL_PLACE), (2, BALL_PLACE)):
            seeds[x**2 + y**2 + (z - place) ** 2 < BALL_RADIUS**2] = code
    else:
        seeds[brain & (height < -AWAY)] = 1
        seeds[brain & (height > AWAY)] = 2


def _add_noise(base, size, i):
    chance = np.random.Generator(np.random.Philox(key=[KEY + size, i]))
    share = chance.random(base.shape, dtype=np.float32)
    noisy = base * (np.float32(1 - NOISE) + np.float32(2 * NOISE) * share)
    return np.where(base > 0, np.clip(np.rint(noisy), 1, 127), 0)


def _places(size):
    """Middles of the voxels along an axis."""
    return (np.arange(size) + 0.5) * 2 / size - 1


def _bend(x, y):
    """Height of the sheet; rounded, so that no machine's last digit decides about a voxel."""
    (one, along, across), (two, _, alone) = BENDS
    height = one * np.sin(along * x) * np.cos(across * y) + two * np.sin(alone * y)
    return np.round(height, 7)


def _folds(size, i):
    """A smooth random field of the cube on one plane: cubic B-splines on fixed knots."""
    cells, shares = _splines(size)
    plane = sum(share * _knots()[cells[i] + n] for n, share in enumerate(shares[:, i]))
    rows = sum(share[:, None] * plane[cells + n] for n, share in enumerate(shares))
    return np.round(sum(share * rows[:, cells + n] for n, share in enumerate(shares)), 7)


@functools.lru_cache(maxsize=2)
def _splines(size):
    """First of the four knots of each place, and the four knots' shares (4, size)."""
    at = (_places(size) + 1) / 2 * FOLDS
    cells = at.astype(np.int64)
    t = at - cells
    shares = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    return cells, np.array(shares) / 6


@functools.lru_cache(maxsize=1)
def _knots():
    chance = np.random.Generator(np.random.Philox(key=[KEY, FOLD_STREAM]))
    return chance.normal(size=(FOLDS + 3,) * 3)


def _vessels(size, i):
    """Cells of plane i that lie in vessels."""
    found = _all_vessels(size)
    first, last = np.searchsorted(found, [i * size**2, (i + 1) * size**2])
    return found[first:last] - i * size**2


@functools.lru_cache(maxsize=2)
def _all_vessels(size):
    """Flat indices of the voxels of all vessels, in order."""
    return np.unique(np.concatenate([_stamp(points, size) for points in draw_vessels()]))


def draw_vessels():
    """Start, pull and end of each vessel, (VESSELS, 3, 3); the even ones cross the sheet."""
    chance = np.random.Generator(np.random.Philox(key=[KEY, VESSEL_STREAM]))
    vessels = []
    for number in range(VESSELS):
        turn, out = chance.uniform(0, 2 * np.pi), np.sqrt(chance.uniform(0, 1))
        sway = chance.uniform(-0.15, 0.15, (3, 2))
        low, high = chance.uniform(0.2, 0.35, 2)
        heights = [-low, 0.0, high]
        if number % 2:
            side = (-1, 1)[number // 2 % 2]
            heights = [side * 0.15, side * (0.2 + low), side * (0.3 + high)]
        across = sway + 0.42 * out * np.array([np.cos(turn), np.sin(turn)])
        vessels.append(np.column_stack([across, heights]))
    return np.array(vessels)


def _stamp(points, size):
    """Flat indices of the voxels within the vessels' radius of a quadratic curve."""
    t = np.linspace(0, 1, 2 * size)[:, None]
    curve = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]
    middles = np.round((curve + 1) / 2 * size - 0.5, 6)[:, None, :]
    reach = int(VESSEL_RADIUS) + 1
    box = np.indices((2 * reach + 1,) * 3).reshape(3, -1).T - reach
    voxels = np.rint(middles).astype(np.int64) + box
    near = ((voxels - middles) ** 2).sum(axis=2) <= VESSEL_RADIUS**2
    return np.unique(voxels[near] @ np.array([size**2, size, 1]))
