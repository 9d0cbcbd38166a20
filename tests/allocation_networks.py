"""Random drainage of two twins round a ring of shared sinuses, and every choice tried."""

from itertools import product

import numpy as np

from diptych.kernels.flow import PASCAL_PER_MMHG
from diptych.model import NodeId, TwinId, VesselId
from diptych.separation.channels import NOBODY, SHARED, Channels

VISCOSITY = 3.2e-3
LIMIT = 8.0


def tube(calibre, length):
    """Conductance, ml/min per mmHg, of a tube; both in mm."""
    metre = np.pi * (calibre * 1e-3) ** 4 / (128 * VISCOSITY * length * 1e-3)
    return metre * PASCAL_PER_MMHG * 6e7


def make_channels(tubes, source, root, twins=(TwinId.A, TwinId.B)):
    """tubes: (node, node, conductance, owner); source: {node: (place, ml/min)}."""
    nodes = 1 + max(max(t[0], t[1]) for t in tubes)
    flows = np.zeros((2, nodes))
    for node, (place, amount) in source.items():
        flows[place, node] += amount
    roots = np.full(nodes, NOBODY)
    for node, place in root.items():
        roots[node] = place
    owner = np.array([t[3] for t in tubes])
    return Channels(
        twins=twins,
        nodes=tuple(NodeId(f"N{n:03d}") for n in range(nodes)),
        vessels=tuple(VesselId(f"V{n:03d}") for n in range(len(tubes))),
        tubes=np.array([(t[0], t[1]) for t in tubes]),
        conductance=np.array([t[2] for t in tubes]),
        owner=owner,
        open=owner == SHARED,
        source=flows,
        root=roots,
        limit=LIMIT,
    )


def random_channels(seed, ring, cross, veins=6):
    """A ring of shared sinus, `veins` bridging veins of each twin, two jugulars each, and
    shared veins across between the twins' veins.
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    tubes = [
        (i, (i + 1) % ring, tube(rng.uniform(2.0, 4.5), rng.uniform(10, 20)), SHARED)
        for i in range(ring)
    ]
    nodes, source, root, ends = ring, {}, {}, {0: [], 1: []}
    for place in (0, 1):
        for _ in range(2):
            tubes.append((int(rng.integers(ring)), nodes, tube(rng.uniform(3, 4.5), 120), place))
            root[nodes] = place
            nodes += 1
        for _ in range(veins):
            tubes.append((nodes, int(rng.integers(ring)), tube(rng.uniform(1.2, 3), 30), place))
            source[nodes] = (place, rng.uniform(10, 720 / veins))
            ends[place].append(nodes)
            nodes += 1
    for _ in range(cross):
        one, two = int(rng.choice(ends[0])), int(rng.choice(ends[1]))
        tubes.append((one, two, tube(rng.uniform(1, 2.5), 40), SHARED))
    return make_channels(tubes, source, root)


def mirror_channels(channels):
    """The same vessels with the places of both twins swapped."""
    from dataclasses import replace

    def swap(codes):
        return np.where((codes == 0) | (codes == 1), 1 - codes, codes)

    return replace(
        channels,
        owner=swap(channels.owner),
        root=swap(channels.root),
        source=channels.source[::-1],
    )


def every_choice(channels, fixed=()):
    """All ways to keep the open tubes that agree with `fixed`."""
    tubes = np.flatnonzero(channels.open)
    given = dict(fixed)
    for bits in product((0, 1), repeat=len(tubes)):
        keepers = np.where(channels.owner == 1, 1, 0)
        keepers[tubes] = bits
        if all(keepers[t] == place for t, place in given.items()):
            yield keepers
