"""Pairs so plain that the cheapest cut is found with a pencil, from the anatomy to the plan.

The vessels alone (two territories with one sinus, the ring with four bridging veins, an only
outlet) have their hand cases with the allocation.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from separation_pair import (
    SHAPE,
    coordinates,
    make_anatomy,
    make_case,
    make_network,
    make_tissues,
    mirror_anatomy,
    volume,
)

from diptych.kernels.components import label_components
from diptych.kernels.mincut import minimum_cut
from diptych.model import NodeId, Owner, Tissue, TwinId, VesselId, VesselNetwork
from diptych.separation import SeparationPolicy, plan
from diptych.separation.corridor import follow_cut
from diptych.separation.costs import explain_cut, weigh_tissue
from diptych.separation.cut import severed_pairs
from diptych.separation.plan import TABLES as NAMES
from diptych.separation.region import find_junction, place_seeds
from diptych.tables import load_table

PLAIN = {
    "septum-discount": 0.0,
    "doubt-discount": 0.0,
    "boundary-discount": 0.0,
    "off-middle": 0.0,
    "cut-plate": 4.0,
    "smoothness": 0.0,
    "cortex-depth": 0.0,
    "reach": 0.0,
    "margin-brain": 0.0,
    "margin-vessel": 0.0,
    "giving-tissue": 0.0,
    "kindness": 0.0,
}
BALANCED = SeparationPolicy(preferences=("balanced",))


def tables_with(rows):
    text = "".join(
        f'[[row]]\nkey = "{key}"\nvalue = {value}\nlow = 0.0\nhigh = 1000.0\nsource = "test"\n'
        for key, value in rows.items()
    )
    return {name: load_table(name) for name in NAMES} | {"costs": load_table("costs", text)}


def separate(anatomy, policy=BALANCED, **rows):
    values = PLAIN | {name.replace("_", "-"): value for name, value in rows.items()}
    return plan(make_case(), anatomy, tables=tables_with(values), policy=policy)


@dataclass(frozen=True, kw_only=True)
class Solved:
    """The balanced cut alone: its value and flow, the sides and what each term contributed."""

    value: int
    flow: int
    side: np.ndarray
    terms: dict[str, int]


def solve(anatomy, **rows):
    """The cheapest cut of an anatomy, without vessels' keepers and covers."""
    values = PLAIN | {name.replace("_", "-"): value for name, value in rows.items()}
    junction = find_junction(anatomy, reach=26.0)
    seeds = place_seeds(anatomy, junction, margin=14.0, confidence=60)
    table = tables_with(values)["costs"]
    field = weigh_tissue(make_case(), anatomy, junction, table=table, policy=BALANCED)
    giving = field.giving.astype(np.int64)
    spacing = (2.0, 2.0, 2.0)
    cut = minimum_cut(field.cost, seeds, spacing=spacing, unary=giving, walled=field.vessel)
    given = {
        "tissue-given-by-A": int(giving[(cut.labels == 2) & (giving > 0)].sum()),
        "tissue-given-by-B": -int(giving[(cut.labels == 1) & (giving < 0)].sum()),
    }
    tissues = anatomy.tissues.voxels.astype(np.uint8)
    terms = explain_cut(field, tissues, *severed_pairs(cut.labels, 6, spacing), given)
    return Solved(value=cut.value, flow=cut.lower_bound, side=cut.labels, terms=terms)


def make_bar(*, vein=True):
    """Two heads as one square bar along x: 32 x 32 voxels of skin around 28 x 28 of bone around
    24 x 24 of brain, with dura for |x| < 2 and fluid for 2 < |x| < 4 in its middle, and along
    its axis a vein of 2 x 2 voxels for |x| < 12.
    """
    x, y, z = coordinates()
    wide, long = np.maximum(np.abs(y), np.abs(z)), np.abs(x)
    tissues = np.zeros(SHAPE, dtype=np.uint8)
    for half, tissue in ((32, Tissue.SKIN), (28, Tissue.BONE), (24, Tissue.BRAIN)):
        tissues[(wide < half) & (long < 52)] = tissue
    tissues[(tissues == Tissue.BRAIN) & (long < 4)] = Tissue.CSF
    tissues[(tissues == Tissue.CSF) & (long < 2)] = Tissue.DURA
    if vein:
        tissues[(wide < 2) & (long < 12)] = Tissue.VESSEL
    owner = np.where(x < 0, int(Owner.A), int(Owner.B)).astype(np.uint8)
    owner[tissues == Tissue.VESSEL] = int(Owner.SHARED)
    owner[tissues == Tissue.AIR] = int(Owner.NOBODY)
    return replace(
        make_anatomy(),
        tissues=volume(tissues),
        ownership=volume(owner),
        vessels=make_network() if vein else VesselNetwork(nodes=(), vessels=()),
    )


SKIN, BONE, SOFT = 32**2 - 28**2, 28**2 - 24**2, 24**2
"""Faces of a flat cut of the bar: 240, 208 and 576."""


def test_a_bar_without_a_vein():
    """A face costs 2 x 64 in dura or fluid, twice that in skin, four times in bone. Every line
    along the bar must be cut once, so no cut is cheaper than all lines at their cheapest.
    """
    found = solve(make_bar(vein=False))
    assert found.value == found.flow == 128 * (2 * SKIN + 4 * BONE + SOFT) == 241664
    terms = {name: part for name, part in found.terms.items() if part}
    assert terms.pop("tissue-skin") == 256 * SKIN
    assert terms.pop("tissue-bone") == 512 * BONE
    # Dura or fluid, whichever: they cost the same.
    assert sum(terms.values()) == 128 * SOFT
    assert set(terms) <= {"tissue-dura", "tissue-csf"}


def test_a_bar_with_a_vein():
    """Four faces of the 576 are the vein's. Across it: two walls of 768 and the flow, 20 ml/min
    through pi 0.2^2 cm2 at half a cm2 for each ml/min, 64 x 79.58 = 5093 on either side. Along
    its wall instead, eight faces in each of four layers of brain would be 98304 alone, against
    4 x 2 x (768 + 5093) = 46888.
    """
    found = separate(make_bar()).plan
    assert found.cost_terms["vessel-flow"] == 4 * 2 * 5093
    assert found.cost_terms["tissue-vessel"] == 4 * 2 * 768
    assert found.proof.value == 128 * (2 * SKIN + 4 * BONE + SOFT - 4) + 46888
    assert [crossing.vessel for crossing in found.crossings] == ["V-S"]


def test_a_dear_vein_is_left_whole():
    """At 20 times the price of flow, the sleeve is cheaper: from the middle of the fluid to the
    end of the vein, eight faces in one layer of fluid and four of brain, and four faces of
    brain at its end.
    """
    found = solve(make_bar(), vessel_flow=10.0)
    sleeve = 8 * 2 * (64 + 4 * 1536) + 4 * 2 * 1536
    assert sleeve == 111616 < 4 * 2 * (768 + 20 * 5093)
    assert found.value == 128 * (2 * SKIN + 4 * BONE + SOFT - 4) + sleeve
    assert found.terms["vessel-flow"] == 0
    vein = make_bar().tissues.voxels == Tissue.VESSEL
    assert len(set(found.side[vein].tolist())) == 1


def test_what_a_margin_round_the_vein_costs():
    """A margin of 4 mm at the price of dura: beside the vein, 1 mm from its wall, 8 voxels of
    the cut pay 48 units more; 8 that lie 3 mm from it pay 16; its 4 corners at 1.83 mm 35; and
    8 at 3.47 mm pay 8. Both sides: 2 x 716.
    """
    plain = solve(make_bar()).value
    found = solve(make_bar(), margin_vessel=1.0, margin_vessel_width=4.0)
    assert found.terms["margin-vessel"] == found.value - plain == 1432


def two_veins():
    """A second vein, 10 mm off, that joins brain to brain on A's side alone and stays with A."""
    x, y, z = coordinates()
    anatomy = make_anatomy()
    tissues = anatomy.tissues.voxels.copy()
    own = (np.hypot(y - 12.0, z) < 2.5) & (x > -14.0) & (x < -4.0)
    tissues[own] = Tissue.VESSEL
    network = anatomy.vessels
    first = network.vessel(VesselId("V-A"))
    path = np.stack([np.linspace(-12.0, -5.0, 9), np.full(9, 12.0), np.zeros(9)], axis=1)
    nodes = tuple(
        replace(network.nodes[0], id=NodeId(name), position=tuple(place), root=root)
        for name, place, root in (("A-1", path[0], TwinId.A), ("A-2", path[-1], None))
    )
    vein = replace(first, id=VesselId("V-OWN"), start=NodeId("A-2"), end=NodeId("A-1"), path=path)
    return replace(
        anatomy,
        tissues=volume(tissues),
        vessels=VesselNetwork(nodes=(*network.nodes, *nodes), vessels=(*network.vessels, vein)),
    )


def test_a_vein_of_one_twin_alone_stays_whole_and_with_it():
    found = separate(two_veins()).plan
    x, y, z = coordinates()
    own = (np.hypot(y - 12.0, z) < 2.5) & (x > -14.0) & (x < -4.0)
    assert (found.side.voxels[own] == 1).all()
    assert "V-OWN" not in {crossing.vessel for crossing in found.crossings}


def only_outlet():
    """A's blood leaves through V-S alone, its own, which the cut crosses."""
    network = make_network()
    nodes = tuple(
        replace(
            node,
            root={"R-A": None, "R-B": TwinId.A}.get(node.id, node.root),
            inflow=30.0 if node.id == "P" else 0.0,
        )
        for node in network.nodes
    )
    vessels = tuple(replace(vessel, owner=Owner.A) for vessel in network.vessels)
    return replace(make_anatomy(), vessels=VesselNetwork(nodes=nodes, vessels=vessels))


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_only_outlet_is_never_given_away(mirrored):
    anatomy = mirror_anatomy(only_outlet()) if mirrored else only_outlet()
    keeper = TwinId.B if mirrored else TwinId.A
    found = separate(anatomy).plan
    kept = {crossing.vessel: crossing.keeper for crossing in found.crossings}
    assert kept == {VesselId("V-S"): keeper}


def test_giving_has_its_price():
    """Owners drawn 5 mm towards B: what lies between goes to the other twin at a price, or the
    cut goes through dearer tissue; the parts told are those paid.
    """
    anatomy = make_anatomy(lean=5.0)
    owned = anatomy.ownership.voxels == Owner.A
    free, dear = solve(anatomy), solve(anatomy, giving_tissue=5.0)
    assert free.terms["tissue-given-by-A"] == 0
    assert (owned & (dear.side == 2)).sum() < (owned & (free.side == 2)).sum()
    assert dear.terms["tissue-given-by-A"] + dear.terms["tissue-given-by-B"] > 0
    assert sum(dear.terms.values()) == dear.value == dear.flow


def test_heavier_giving_never_gives_more():
    """What is given, counted in prices at weight 1, falls (prices are rounded: 2 %)."""
    anatomy = make_anatomy(lean=5.0)
    paid = []
    for weight in (0.5, 1.0, 2.0, 4.0):
        terms = solve(anatomy, giving_tissue=weight).terms
        paid.append((terms["tissue-given-by-A"] + terms["tissue-given-by-B"]) / weight)
    assert all(later <= 1.02 * sooner for sooner, later in pairwise(paid))
    assert paid[-1] < paid[0]


def test_the_parts_are_whole_and_make_up_the_whole():
    front = separate(make_anatomy(lean=5.0), kindness=0.6, giving_tissue=0.6)
    tissues = make_tissues()
    for entry in front.plans:
        side = entry.side.voxels
        removed = int(((side == 0) & (tissues != 0)).sum())
        parts = [int((side == code).sum()) for code in (1, 2)]
        assert removed == 0
        assert sum(parts) + removed == int((tissues != 0).sum())
        assert [label_components(side == code).count for code in (1, 2)] == [1, 1]
        assert follow_cut(side.astype(np.uint8), (2.0, 2.0, 2.0)).pockets == 0
        assert entry.proof.value == entry.proof.flow
        assert side.shape == SHAPE
