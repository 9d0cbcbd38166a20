"""Problems for the minimum cut, and independent answers to them.

Edges, weights and prices are worked out here from what the docstrings promise, in plain
numpy; flows come from scipy or OR-tools. Nothing is taken from the kernel under test.
"""

import inspect
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest
from ortools.graph.python import max_flow
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

LARGEST_EDGE = 2**30 - 1
"""The largest capacity of one edge that must be accepted."""

FACES = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
HALF = {
    6: FACES[::2],
    26: tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)),
}


def chance_of(number, stream=0):
    """A random stream that belongs to these two whole numbers alone."""
    return np.random.Generator(np.random.Philox(key=(number, stream)))


def need(function, *names):
    """Skips the test, loudly, while the kernel does not have these options yet."""
    known = inspect.signature(function).parameters
    missing = [name for name in names if name not in known]
    if missing:
        pytest.skip(f"{function.__name__} has no option {', '.join(missing)} yet")


# The problem as a network


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One problem of `minimum_cut`; `options` are its keyword arguments."""

    name: str
    cost: np.ndarray
    seeds: np.ndarray
    options: dict = field(default_factory=dict)

    @property
    def neighbours(self):
        return self.options.get("neighbours", 6)


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Directed edges between voxels, and what joins each voxel to source and sink."""

    tails: np.ndarray
    heads: np.ndarray
    room: np.ndarray
    from_source: np.ndarray
    to_sink: np.ndarray


def weight_of(step, neighbours, spacing):
    """Weight of one step, by the rule that the docstring of `minimum_cut` gives."""
    sizes = np.asarray(spacing, dtype=float)
    if neighbours == 6:
        area = {s: np.prod(sizes) / float(np.abs(s) @ sizes) for s in HALF[6]}
        exact = {s: area[s] / min(area.values()) for s in area}
    else:
        far = {s: float(np.linalg.norm(sizes * s)) for s in HALF[26]}
        exact = {s: 12 * min(far.values()) / far[s] for s in far}
    if all(abs(w - round(w)) < 1e-9 for w in exact.values()):
        return round(exact[step])
    return max(1, round((16 if neighbours == 6 else 4) * exact[step]))


def pair_slices(step):
    """Slices of the voxels that have a neighbour at `step`, and of these neighbours."""
    here = tuple(slice(max(0, -s), -s if s > 0 else None) for s in step)
    there = tuple(slice(max(0, s), s if s < 0 else None) for s in step)
    return here, there


def network_of(case):
    """The network of a case: edges `weight * (c_p + c_q)`, walls and unary terms."""
    cost = case.cost.astype(np.int64)
    index = np.arange(cost.size).reshape(cost.shape)
    spacing = case.options.get("spacing", (1, 1, 1))
    walled = case.options.get("walled")
    tails, heads, room = [], [], []
    for step in HALF[case.neighbours]:
        here, there = pair_slices(step)
        a, b = cost[here], cost[there]
        price = a + b
        if walled is not None:
            price = np.where(walled[here] != walled[there], 2 * np.minimum(a, b), price)
        joined = (a > 0) & (b > 0)
        p, q = index[here][joined], index[there][joined]
        capacity = price[joined] * weight_of(step, case.neighbours, spacing)
        tails += [p, q]
        heads += [q, p]
        room += [capacity, capacity]
    unary = case.options.get("unary")
    terms = np.zeros(cost.shape, dtype=np.int64) if unary is None else unary.astype(np.int64)
    terms = np.where((cost > 0) & (case.seeds == 0), terms, 0).ravel()
    ends = (np.maximum(terms, 0), np.maximum(-terms, 0))
    return _seeded(tails, heads, room, ends, case.seeds == 1, case.seeds == 2)


def network_of_edges(capacities, source, sink):
    """The network of explicit capacities; edges that leave the grid are left out."""
    index = np.arange(source.size).reshape(source.shape)
    tails, heads, room = [], [], []
    for direction, step in enumerate(FACES):
        here, there = pair_slices(step)
        tails.append(index[here].ravel())
        heads.append(index[there].ravel())
        room.append(capacities[direction][here].ravel().astype(np.int64))
    none = np.zeros(source.size, dtype=np.int64)
    return _seeded(tails, heads, room, (none, none), source, sink)


def _seeded(tails, heads, room, ends, source, sink):
    """Joins seeds by more than they can ever pass on, so that these edges are never cut."""
    tails, heads, room = (np.concatenate(parts) for parts in (tails, heads, room))
    used = room > 0
    tails, heads, room = tails[used], heads[used], room[used]
    through = np.zeros(source.size, dtype=np.int64)
    np.add.at(through, tails, room)
    np.add.at(through, heads, room)
    give, take = ends
    return Network(
        tails=tails,
        heads=heads,
        room=room,
        from_source=np.where(source.ravel(), through + 1, give),
        to_sink=np.where(sink.ravel(), through + 1, take),
    )


def price_of(network, labels):
    """What these labels sever, added up edge by edge."""
    flat = labels.ravel()
    severed = (flat[network.tails] == 1) & (flat[network.heads] == 2)
    given = network.from_source[flat == 2].sum() + network.to_sink[flat == 1].sum()
    return int(network.room[severed].sum() + given)


def touching(seeds, neighbours):
    """How many pairs of neighbours are seeds of two kinds."""
    pairs = [(seeds[here], seeds[there]) for here, there in map(pair_slices, HALF[neighbours])]
    return sum(int(((a * b == 2) & (a != b)).sum()) for a, b in pairs)


# Independent answers


def answer(network, shape, solver):
    """Value of the maximum flow, and the smallest source side of all minimum cuts.

    A voxel is on that side exactly when the residual graph of any maximum flow leads to it.
    """
    joined = _with_ends(network)
    value, left = {"scipy": _by_scipy, "ortools": _by_ortools}[solver](joined, network.room.size)
    found = breadth_first_order(left, left.shape[0] - 2, return_predecessors=False)
    side = np.full(left.shape[0], 2, dtype=np.uint8)
    side[found] = 1
    return int(value), side[:-2].reshape(shape)


def fits_scipy(network):
    """True when no sum can pass the 32 bits that scipy counts in."""
    return int(network.from_source.sum() + network.to_sink.sum() + network.room.sum()) < 2**31


def _with_ends(network):
    size = network.from_source.size
    firsts, lasts = np.flatnonzero(network.from_source), np.flatnonzero(network.to_sink)
    tails = np.concatenate([network.tails, np.full(firsts.size, size), lasts])
    heads = np.concatenate([network.heads, firsts, np.full(lasts.size, size + 1)])
    room = np.concatenate([network.room, network.from_source[firsts], network.to_sink[lasts]])
    return tails, heads, room, size + 2


def _by_scipy(joined, _):
    tails, heads, room, size = joined
    graph = csr_array((room.astype(np.int32), (tails, heads)), shape=(size, size))
    found = maximum_flow(graph, size - 2, size - 1)
    left = (graph - found.flow).tocsr()
    left.eliminate_zeros()
    return found.flow_value, left


def _by_ortools(joined, _):
    tails, heads, room, size = joined
    peer = max_flow.SimpleMaxFlow()
    arcs = peer.add_arcs_with_capacity(tails, heads, room)
    assert peer.solve(size - 2, size - 1) == peer.OPTIMAL
    moved = peer.flows(arcs)
    ahead, back = moved < room, moved > 0
    ends = np.concatenate([tails[ahead], heads[back]]), np.concatenate([heads[ahead], tails[back]])
    left = csr_array((np.ones(ends[0].size, dtype=np.int8), ends), shape=(size, size))
    return peer.optimal_flow(), left


# One thousand small cases


def _uniform(shape, chance):
    return chance.integers(1, 128, shape)


def _bimodal(shape, chance):
    return np.where(chance.random(shape) < 0.5, 1, 100)


def _holes(shape, chance):
    return np.where(chance.random(shape) < 0.3, 0, chance.integers(1, 50, shape))


def _smooth(shape, chance):
    rough = ndimage.gaussian_filter(chance.normal(size=shape), 1.5, mode="nearest")
    return np.maximum(1, np.exp(2.5 + 4 * rough)).astype(np.int64)


def _constant(shape, chance):
    return np.full(shape, chance.integers(1, 9))


def _few_values(shape, chance):
    """Costs 1 and 2: thousands of minimum cuts of equal value."""
    return chance.integers(1, 3, shape)


def _heavy_tailed(shape, chance):
    return np.maximum(1, np.exp(chance.normal(2.0, 2.0, shape))).astype(np.int64)


def _maximal(shape, chance):
    """Costs up to the largest that is allowed; `draw_case` scales them."""
    return np.where(chance.random(shape) < 0.5, chance.integers(1, 9, shape), -1)


def _disconnected(shape, chance):
    """Pieces of tissue with planes of air between them."""
    cost = chance.integers(1, 40, shape)
    for axis in range(3):
        if shape[axis] > 4 and chance.random() < 0.6:
            plane = [slice(None)] * 3
            plane[axis] = int(chance.integers(1, shape[axis] - 1))
            cost[tuple(plane)] = 0
    return cost


def _islands(shape, chance):
    """Mostly air; single voxels and small clumps of tissue."""
    return np.where(chance.random(shape) < 0.55, 0, chance.integers(1, 20, shape))


def _checkerboard(shape, chance):
    odd = np.indices(shape).sum(axis=0) % 2
    return np.where(odd, 1, chance.integers(30, 90))


def _sheet(shape, chance):
    """Dear tissue with one cheap sheet, one voxel thick, at a slant."""
    slope = chance.uniform(-0.6, 0.6, 2)
    i, j, k = np.indices(shape)
    height = shape[0] / 2 + slope[0] * (j - shape[1] / 2) + slope[1] * (k - shape[2] / 2)
    return np.where(i == np.round(height), 1, chance.integers(40, 60, shape))


def _one_in_air(shape, chance):
    """Noise around a hollow of air; `_enclosed_seeds` puts a lone seed into it."""
    return chance.integers(1, 30, shape)


KINDS = {
    "uniform": _uniform,
    "bimodal": _bimodal,
    "holes": _holes,
    "smooth": _smooth,
    "constant": _constant,
    "few-values": _few_values,
    "heavy-tailed": _heavy_tailed,
    "maximal": _maximal,
    "disconnected": _disconnected,
    "islands": _islands,
    "checkerboard": _checkerboard,
    "sheet": _sheet,
    "enclosed-seed": _one_in_air,
}
THIN = ((1, 1, 40), (40, 1, 1), (1, 9, 1), (2, 40, 3), (1, 20, 12), (3, 1, 50), (2, 2, 33))
BRICKS = ((8, 8, 8), (9, 8, 7), (16, 9, 8), (17, 7, 8), (8, 16, 3), (7, 9, 17), (16, 16, 4))
SPACINGS = ((1, 1, 1), (1, 1, 2), (0.5, 0.5, 1.5), (0.9, 0.7, 2.2), (3, 1, 1), (1, 1.5, 1.5))


def _shape(number, chance):
    if number % 5 == 0:
        return THIN[int(chance.integers(len(THIN)))]
    if number % 5 == 1:
        return BRICKS[int(chance.integers(len(BRICKS)))]
    return tuple(int(n) for n in chance.integers(3, 11, 3))


def _slabs(shape, chance):
    seeds = np.zeros(shape, dtype=np.uint8)
    axis = int(np.argmax(shape))
    along = np.moveaxis(seeds, axis, 0)
    along[0], along[-1] = 1, 2
    return seeds


def _scattered(shape, chance):
    share, draw = chance.choice([0.02, 0.06, 0.2]), chance.random(shape)
    return np.where(draw < share, 1, np.where(draw > 1 - share, 2, 0)).astype(np.uint8)


def _two_points(shape, chance):
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds.flat[chance.choice(seeds.size, 2, replace=False)] = (1, 2)
    return seeds


def _corners(shape, chance):
    seeds = np.zeros(shape, dtype=np.uint8)
    reach = tuple(-(-n // 4) for n in shape)
    seeds[tuple(slice(0, r) for r in reach)] = 1
    seeds[tuple(slice(-r, None) for r in reach)] = 2
    return seeds


def _stripes(shape, chance):
    """Planes of the two kinds in turn, two free planes between them."""
    seeds = np.zeros(shape, dtype=np.uint8)
    along = np.moveaxis(seeds, int(np.argmax(shape)), 0)
    along[::6], along[3::6] = 1, 2
    return seeds


SEEDS = (_slabs, _scattered, _two_points, _corners, _stripes)


def part_seeds(seeds, neighbours):
    """The same seeds without sink seeds that touch a source seed."""
    around = ndimage.generate_binary_structure(3, 1 if neighbours == 6 else 3)
    near = ndimage.binary_dilation(seeds == 1, around)
    return np.where((seeds == 2) & near, 0, seeds).astype(np.uint8)


def _enclosed(cost, seeds, chance):
    """Air all around one voxel, which becomes the only source seed or one more."""
    place = [int(chance.integers(0, n)) for n in cost.shape]
    hollow = tuple(slice(max(0, p - 1), p + 2) for p in place)
    cost[hollow], seeds[hollow] = 0, 0
    cost[tuple(place)], seeds[tuple(place)] = 7, 1
    if chance.random() < 0.5:
        seeds[(seeds == 1) & (np.indices(cost.shape) != np.reshape(place, (3, 1, 1, 1))).any(0)] = 0


def _draw_options(cost, chance):
    options = {"neighbours": int(chance.choice([6, 6, 26]))}
    if chance.random() < 0.4:
        options["spacing"] = SPACINGS[int(chance.integers(1, len(SPACINGS)))]
    if chance.random() < 0.3:
        low, high = ((-40, 41), (0, 60), (-60, 1), (-900, 901))[int(chance.integers(4))]
        sparse = chance.random(cost.shape) < chance.choice([0.1, 1.0])
        options["unary"] = chance.integers(low, high, cost.shape) * sparse
    if chance.random() < 0.2:
        inside = ndimage.gaussian_filter(chance.normal(size=cost.shape), 1.0) > 0
        options["walled"] = inside
    return options


def draw_case(number):
    """Case `number`: always the same one, of kind `number` modulo the number of kinds."""
    kind = list(KINDS)[number % len(KINDS)]
    chance = chance_of(number)
    while True:
        shape = _shape(number, chance)
        cost = KINDS[kind](shape, chance).astype(np.int64)
        options = _draw_options(cost, chance)
        seeds = SEEDS[int(chance.integers(len(SEEDS)))](shape, chance)
        if kind == "enclosed-seed":
            _enclosed(cost, seeds, chance)
        neighbours = options["neighbours"]
        if kind == "maximal":
            spacing = options.get("spacing", (1, 1, 1))
            heaviest = max(weight_of(step, neighbours, spacing) for step in HALF[neighbours])
            cost[cost < 0] = LARGEST_EDGE // (2 * heaviest)
        seeds[cost == 0] = 0
        seeds = part_seeds(seeds, neighbours)
        if (seeds == 1).any() and (seeds == 2).any():
            return Case(name=f"{number} {kind}", cost=cost, seeds=seeds, options=options)


def draw_edges(number):
    """Directed capacities, source and sink number `number`."""
    chance = chance_of(number, 6)
    shape = _shape(number, chance)
    top = (2, 4, 100, 60000, LARGEST_EDGE + 1)[number % 5]
    capacities = chance.integers(0, top, (6, *shape))
    capacities[chance.random((6, *shape)) < chance.choice([0.0, 0.3, 0.7])] = 0
    capacities[chance.random((6, *shape)) < 0.05] = top - 1
    if chance.random() < 0.2:
        capacities[chance.permutation(6)[:3]] = 0
    draw, share = chance.random(shape), chance.choice([0.01, 0.1, 0.4])
    source, sink = draw < share, draw > 1 - share
    one, other = chance.choice(draw.size, 2, replace=False)
    source.flat[one], sink.flat[one] = True, False
    source.flat[other], sink.flat[other] = False, True
    return capacities.astype((np.uint32, np.int64)[number % 2]), source, sink


def capacities_of(case):
    """The edges of a case with 6 neighbours as (6, I, J, K) capacities."""
    cost = case.cost.astype(np.int64)
    capacities = np.zeros((6, *cost.shape), dtype=np.int64)
    spacing = case.options.get("spacing", (1, 1, 1))
    for direction, step in enumerate(FACES):
        here, there = pair_slices(step)
        a, b = cost[here], cost[there]
        weight = weight_of(FACES[direction & 6], 6, spacing)
        capacities[direction][here] = np.where((a > 0) & (b > 0), a + b, 0) * weight
    return capacities


def row_case(*costs, **options):
    """A row of voxels with a source seed at its start and a sink seed at its end."""
    cost = np.array(costs).reshape(-1, 1, 1)
    seeds = np.zeros(cost.shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    return Case(name="row", cost=cost, seeds=seeds, options=options)
