"""The certificate's teeth: whatever is spoilt in a proof, it says no.

`Proof` is the only place that knows how the kernel keeps its flow.
"""

from dataclasses import replace

import numpy as np
import pytest
from mincut_cases import FACES, HALF, Case, draw_case, network_of, pair_slices, part_seeds, price_of

from diptych.kernels.mincut import minimum_cut, minimum_cut_edges
from diptych.kernels.mincut.certificate import Claim, certify_flow
from diptych.kernels.mincut.level import Workers
from diptych.kernels.mincut.network import Network, judge


class Proof:
    """A solved case, with everything that the certificate reads, open to tampering.

    cost, seeds, unary, walled, labels : (I, J, K), whole
    flow : (i, j, k, H) net flow from each voxel of a block to its neighbours ahead
    ahead, weights : step and weight of each half-direction; corner : of the block
    """

    def __init__(self, case):
        """Solves a case and keeps the flow."""
        cut = minimum_cut(case.cost, case.seeds, **case.options)
        given, layout = cut.network.given, cut.network.layout
        self.cost, self.seeds = case.cost.copy(), case.seeds.copy()
        self.unary, self.walled = given.unary, given.walled
        self.labels = cut.labels.copy()
        self.flow = layout.view(cut.network.level.flow).copy()
        order = layout.order(len(given.ahead))
        self.ahead, self.weights = given.ahead[order], given.weights[order]
        self.corner, self.neighbours = layout.corner, case.neighbours
        if case.name == "border":
            inner, self.corner = self.flow, (0, 0, 0)
            self.flow = np.zeros((*case.cost.shape, len(order)), dtype=inner.dtype)
            self.flow[layout.block] = inner
        self._halves = {tuple(step): half for half, step in enumerate(self.ahead.tolist())}

    def verdict(self, labels=None):
        """What the certificate says now, or of other labels."""
        claim = Claim(
            cost=self.cost,
            weights=self.weights,
            walled=self.walled,
            seeds=self.seeds,
            labels=self.labels if labels is None else labels,
            unary=self.unary,
            ahead=self.ahead,
            corner=self.corner,
            flow=self.flow,
        )
        return certify_flow(claim)

    def room(self, place, step):
        """Capacity of an edge, from the costs themselves."""
        p, q = int(self.cost[place]), int(self.cost[end_of(place, step)])
        shelled = self.walled is not None and self.walled[place] != self.walled[end_of(place, step)]
        half = self._halves.get(tuple(step), self._halves.get(turned(step)))
        return int(self.weights[half]) * (2 * min(p, q) if shelled else p + q)

    def left(self, place, step):
        """How much more may flow from a voxel along a step."""
        at, sign = self._at(place, step)
        return self.room(place, step) - sign * int(self.flow[at])

    def send(self, place, step, units):
        """Lets more flow along a step."""
        at, sign = self._at(place, step)
        self.flow[at] += sign * units

    def holds(self, place):
        """Whether a voxel lies in the block that has flow."""
        block = zip(place, self.corner, self.flow.shape, strict=False)
        return all(low <= p < low + length for p, low, length in block)

    def _at(self, place, step):
        """Where the flow along a step stands, and its sign there."""
        if tuple(step) in self._halves:
            start, along, sign = place, tuple(step), 1
        else:
            start, along, sign = end_of(place, step), turned(step), -1
        return (
            *(p - c for p, c in zip(start, self.corner, strict=True)),
            self._halves[along],
        ), sign

    def tissue_edges(self):
        """Each edge once, as place and step."""
        inside = np.pad(self.cost > 0, 1)
        for step in HALF[self.neighbours]:
            for place in np.argwhere(self.cost > 0).tolist():
                if inside[tuple(p + s + 1 for p, s in zip(place, step, strict=True))]:
                    yield tuple(place), step


def turned(step):
    return tuple(-s for s in step)


def end_of(place, step):
    return tuple(p + s for p, s in zip(place, step, strict=True))


def list_pairs(array, step):
    """Places that have a neighbour at `step`, and these neighbours."""
    places = np.moveaxis(np.indices(array.shape), 0, -1)
    return ([tuple(p) for p in places[part].reshape(-1, 3).tolist()] for part in pair_slices(step))


def make_case(shape=(6, 5, 4), key=1, **options):
    chance = np.random.Generator(np.random.Philox(key=key))
    cost = chance.integers(1, 40, shape)
    cost[chance.random(shape) < 0.08] = 0
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    seeds[cost == 0] = 0
    return Case(name="small", cost=cost, seeds=seeds, options=options)


def with_unary(case, key=2):
    chance = np.random.Generator(np.random.Philox(key=key))
    terms = chance.integers(-20, 21, case.cost.shape)
    terms[chance.random(terms.shape) < 0.6] = 0
    return replace(case, options={"unary": terms})


def with_walls(case, key=3):
    inside = np.random.Generator(np.random.Philox(key=key)).random(case.cost.shape) < 0.5
    return replace(case, options={"walled": inside})


def with_air_around(case):
    """The block that has flow is then smaller than the grid."""
    return replace(
        case,
        cost=np.pad(case.cost, ((1, 2), (2, 0), (0, 1))),
        seeds=np.pad(case.seeds, ((1, 2), (2, 0), (0, 1))),
    )


def with_border(case):
    """Each row of the block begins and ends with air: many rows are then judged as one."""
    options = {
        name: np.pad(value, 1) if isinstance(value, np.ndarray) else value
        for name, value in case.options.items()
    }
    cost, seeds = np.pad(case.cost, 1), np.pad(case.seeds, 1)
    return replace(case, name="border", cost=cost, seeds=seeds, options=options)


CASES = {
    "faces": make_case(),
    "air around": with_air_around(make_case((5, 4, 4), key=7)),
    "walls": with_walls(make_case((5, 5, 4), key=9)),
    "all around": make_case((4, 4, 4), neighbours=26),
    "unary": with_unary(make_case()),
    "spacing": make_case(spacing=(1.0, 1.0, 1.7)),
    "bricks": make_case((17, 3, 9), key=5),
    "border": with_border(make_case((4, 9, 3), key=6)),
    "border, walls": with_border(with_walls(make_case((4, 4, 4), key=9))),
    "border, all around": with_border(make_case((4, 3, 3), neighbours=26)),
    "border, unary": with_border(with_unary(make_case((4, 4, 4)))),
}
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@EACH
def test_a_true_proof_passes(case):
    proof = Proof(case)
    cut = minimum_cut(case.cost, case.seeds, **case.options)
    assert proof.verdict().passed
    assert proof.verdict().value == cut.value
    assert (proof.labels == cut.labels).all()


@EACH
@pytest.mark.parametrize("units", [1, -1])
def test_one_unit_too_many_through_any_edge_is_rejected(case, units):
    """Each single edge of the grid."""
    proof, tried = Proof(case), 0
    priced = case.options.get("unary", np.zeros(case.cost.shape)) != 0
    for place, step in proof.tissue_edges():
        ends = place, end_of(place, step)
        if all(proof.seeds[end] or priced[end] for end in ends):
            continue  # a seed or a unary term may give or take one more
        proof.send(place, step, units)
        assert not proof.verdict().passed, (place, step)
        proof.send(place, step, -units)
        tried += 1
    assert tried > 0.4 * sum(1 for _ in proof.tissue_edges())
    assert proof.verdict().passed


@EACH
def test_an_overfull_edge_is_rejected(case):
    proof = Proof(case)
    for place, step in proof.tissue_edges():
        for start, along in ((place, step), (end_of(place, step), turned(step))):
            units = proof.left(start, along) + 1
            proof.send(start, along, units)
            assert proof.verdict().capacity == 1, (start, along)
            assert not proof.verdict().passed
            proof.send(start, along, -units)


@EACH
@pytest.mark.parametrize("units", [1, -1])
def test_flow_between_tissue_and_air_is_rejected(case, units):
    proof, tried = Proof(case), 0
    tissue = proof.cost > 0
    for step in HALF[proof.neighbours]:
        for here, there in zip(*list_pairs(tissue, step), strict=True):
            if tissue[here] != tissue[there] and proof.holds(here) and proof.holds(there):
                proof.send(here, step, units)
                assert not proof.verdict().passed, (here, step)
                proof.send(here, step, -units)
                tried += 1
    assert tried > 5


@EACH
def test_a_tampered_label_is_rejected_unless_the_cut_is_as_cheap(case):
    """Any voxel, any other code. Another minimum cut is no fault of a proof."""
    proof, network = Proof(case), network_of(case)
    least, rejected = proof.verdict().value, 0
    for place in map(tuple, np.argwhere(np.ones(case.cost.shape)).tolist()):
        truth = proof.labels[place]
        for code in {0, 1, 2, 3} - {int(truth)}:
            proof.labels[place] = code
            lawful = case.cost[place] > 0 and code in (1, 2) and case.seeds[place] in (0, code)
            as_cheap = lawful and price_of(network, proof.labels) == least
            assert proof.verdict().passed == as_cheap, (place, code)
            rejected += not as_cheap
        proof.labels[place] = truth
    assert rejected > 2 * case.cost.size


@EACH
def test_a_seed_on_the_wrong_side_is_rejected(case):
    proof = Proof(case)
    for place in map(tuple, np.argwhere(proof.seeds).tolist()):
        proof.labels[place] = 3 - proof.labels[place]
        assert proof.verdict().labels == 1, place
        assert not proof.verdict().passed
        proof.labels[place] = 3 - proof.labels[place]


@EACH
def test_a_proof_of_another_problem_is_rejected(case):
    """A voxel beside the cut that has become dearer, a seed that was not there."""
    proof = Proof(case)
    cut = [
        (place, step)
        for place, step in proof.tissue_edges()
        if proof.labels[place] != proof.labels[end_of(place, step)]
    ]
    for place, step in cut:
        room = proof.room(place, step)
        proof.cost[place] += 1
        if proof.room(place, step) > room:  # through a wall only the cheaper end counts
            assert not proof.verdict().passed, place
        proof.cost[place] -= 1
    for place, step in cut:
        end = end_of(place, step)
        if not proof.seeds[place]:
            proof.seeds[place] = proof.labels[end]
            assert not proof.verdict().passed, place
            proof.seeds[place] = 0


@EACH
def test_labels_without_a_flow_are_rejected(case):
    proof = Proof(case)
    for place, step in list(proof.tissue_edges()):
        back = end_of(place, step), turned(step)
        both = proof.left(place, step) + proof.left(*back)
        proof.send(place, step, proof.left(place, step) - both // 2)
    found = proof.verdict()
    assert not found.passed
    assert found.value > found.flow


def test_a_flow_without_its_labels_is_rejected():
    proof = Proof(CASES["faces"])
    free = (proof.cost > 0) & (proof.seeds == 0)
    for side in (1, 2):
        labels = np.where(free, side, proof.labels).astype(np.uint8)
        assert not proof.verdict(labels).passed


def test_a_ring_of_flow_is_no_fault():
    """A certificate that rejects every change would pass all tests above and be worthless."""
    proof, rings = Proof(make_case((7, 6, 5), key=3)), 0
    around = ((0, 1, 0), (0, 0, 1), (0, -1, 0), (0, 0, -1))
    for place in map(tuple, np.argwhere(proof.cost[:, :-1, :-1] > 0).tolist()):
        path, here = [], place
        for step in around:
            path.append((here, step))
            here = end_of(here, step)
        if min(proof.cost[start] for start, _ in path) and min(proof.left(*e) for e in path):
            for start, step in path:
                proof.send(start, step, 1)
            rings += 1
            assert proof.verdict().passed, place
    assert rings > 10


def test_a_ring_of_flow_through_a_row_of_air_is_rejected():
    """It is conserved everywhere, and its way through air is kept in a row without tissue."""
    case = make_case((6, 6, 4))
    case.cost[case.cost == 0] = 5
    case.cost[2, 2] = 0
    proof, tried = Proof(case), 0
    for k in range(4):
        air = (2, 2, k)
        ring = [
            (air, (1, 0, 0)),
            ((3, 2, k), (0, 1, 0)),
            ((3, 3, k), (-1, 0, 0)),
            ((2, 3, k), (0, -1, 0)),
        ]
        if min(proof.left(*edge) for edge in ring[1:3]) < 1:
            continue
        for place, step in ring:
            proof.send(place, step, 1)
        assert proof.verdict().capacity == 2, k
        assert proof.verdict().conservation == 0, k
        for place, step in ring:
            proof.send(place, step, -1)
        tried += 1
    assert tried
    assert proof.verdict().passed


@EACH
@pytest.mark.parametrize("units", [1, -1])
def test_flow_over_the_edge_of_the_block_is_rejected(case, units):
    """From its last voxel in each direction, where the next in memory is another row's."""
    proof, tried = Proof(case), 0
    shape = proof.flow.shape[:3]
    for place in map(tuple, np.argwhere(np.ones(shape)).tolist()):
        for half, step in enumerate(proof.ahead.tolist()):
            end = end_of(place, step)
            if all(0 <= n < length for n, length in zip(end, shape, strict=True)):
                continue
            assert proof.flow[(*place, half)] == 0
            proof.flow[(*place, half)] = units
            assert proof.verdict().capacity == 1, (place, step)
            proof.flow[(*place, half)] = 0
            tried += 1
    assert tried >= sum(shape)


def test_tissue_that_the_network_leaves_out_is_counted():
    """The certificate must not believe the solver where the problem ends."""
    case = make_case()
    cut = minimum_cut(case.cost, case.seeds)
    given, layout = cut.network.given, cut.network.layout
    cost, seeds, labels = (np.pad(a, 1) for a in (given.cost, given.seeds, cut.labels))
    corner = tuple(n + 1 for n in layout.corner)
    wider = Network(
        given=replace(given, cost=cost, seeds=seeds),
        layout=replace(layout, corner=corner),
        level=cut.network.level,
    )
    with Workers(1) as crew:
        assert judge(wider, labels, crew).passed
        cost[0, 0, 0] = 3
        assert judge(wider, labels, crew).labels == 1
        cost[0, 0, 0], labels[0, 0, 0] = 0, 2
        assert judge(wider, labels, crew).labels == 1


def test_a_wrong_value_is_rejected():
    found = Proof(CASES["faces"]).verdict()
    assert found.passed
    for wrong in (found.value - 1, found.value + 1, 0):
        assert not replace(found, value=wrong).passed
        assert not replace(found, flow=wrong).passed


@pytest.mark.parametrize("number", range(0, 52, 4))
def test_the_verdict_of_a_cut_is_that_of_its_labels(number):
    """The certificate's value is recomputed, and is what `Cut` reports."""
    case = draw_case(number)
    cut = minimum_cut(case.cost, case.seeds, **case.options)
    assert cut.certificate.value == cut.value == price_of(network_of(case), cut.labels)
    assert cut.certificate.flow == cut.lower_bound
    assert cut.certificate.faults == 0


def test_the_two_forms_are_certified_alike():
    capacities = np.zeros((6, 3, 3, 3), dtype=np.int64)
    for direction, step in enumerate(FACES):
        capacities[direction] = 4 + sum(step)
    seeds = np.zeros((3, 3, 3), dtype=np.uint8)
    seeds[0], seeds[-1] = 1, 2
    found = minimum_cut_edges(capacities, seeds == 1, part_seeds(seeds, 6) == 2).certificate
    assert found.passed
    assert found.value == found.flow == 9 * 5
