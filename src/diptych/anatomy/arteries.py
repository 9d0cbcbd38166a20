"""Arteries: from the arterial phase, each the property of the twin whose neck it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from diptych.anatomy.corrections import Said, correct_branches
from diptych.anatomy.drainage import Drainage, paint_owners
from diptych.anatomy.filling import calm_contrast, find_vessels
from diptych.anatomy.images import ARTERIAL, FloatGrid, Images, Mask
from diptych.anatomy.lumen import full_rise, sample_field
from diptych.anatomy.network import BloodFlow, build_network
from diptych.anatomy.ownership import Sides
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.sheets import BLUR_MM
from diptych.anatomy.sources import Surroundings, find_inlets
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import NO_TREE, Branch, Tree, trace_vessels
from diptych.model import NO_VESSELS, Owner, Point, TwinId, VesselNetwork
from diptych.tables import SourcedTable

ROOTED, LOOSE = 0.95, 0.6
"""Confidence of an owner by the root that a tree hangs on, and by the side it lies in."""
VAULT_MM, SINUS_MM, SINUSES_MM = 6.0, 25.0, 100.0
"""A wide vessel this near the wall of the cavity over this length is a sinus, and so are
several over this length together: arteries as wide enter through the base (four carotids,
about 10 mm each) and run in the fissures."""
WIDEST = 95.0
"""Percentile of the radius from which arteries are the widest ones."""
LEAST_CROSSED = 0.005

Points = NDArray[np.float64]
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Circulation:
    """Vessels by kind: the compartments with the veins as vessels, and with the arteries
    (None where no series shows arteries apart from veins).

    shows_veins : whether a series is there that shows veins
    """

    veins: Compartments
    arteries: Compartments | None
    shows_veins: bool

    @property
    def shown(self) -> frozenset[str]:
        """Kinds of vessel that the images show: "vein", "artery"."""
        arteries = {"artery"} if self.arteries is not None else set()
        return frozenset(arteries | ({"vein"} if self.shows_veins else set()))

    @property
    def vessel(self) -> Mask:
        """Where a vessel of either kind is."""
        if self.arteries is None:
            return self.veins.vessel
        return self.veins.vessel | self.arteries.vessel


def part_circulation(
    images: Images, parts: Compartments, policy: AnatomyPolicy, calibre: float
) -> Circulation:
    """Veins and arteries of the images.

    With two phases each has its own. With an arterial phase alone all that it shows is
    arterial, unless a sinus (as wide as `calibre`, mm, along the vault) shows that veins are
    full too: then the two cannot be told apart, and all stay with the veins.
    """
    if images.arterial is not None:
        own, calm = _own_phase(images, images.arterial, parts)
        mask = find_vessels(images, own, calm, policy) & ~parts.bone
        if not mask.any():
            return Circulation(veins=parts, arteries=None, shows_veins=True)
        arteries = replace(
            parts,
            vessel=mask,
            rise=images.arterial,
            calm=None if calm is own else calm,
            rims=None,
        )
        veins = replace(parts, vessel=parts.vessel & ~mask)
        return Circulation(veins=veins, arteries=arteries, shows_veins=True)
    alone = images.contrast and images.roles[-1] in ARTERIAL
    if not alone or _shows_sinus(images, parts, calibre):
        return Circulation(veins=parts, arteries=None, shows_veins=images.contrast)
    none = np.zeros_like(parts.vessel)
    return Circulation(veins=replace(parts, vessel=none), arteries=parts, shows_veins=False)


def _own_phase(
    images: Images, arterial: FloatGrid, parts: Compartments
) -> tuple[FloatGrid, FloatGrid]:
    """The arterial contrast where it is more than the venous one, and the same calmed."""
    calm = calm_contrast(images, arterial)
    own: FloatGrid = np.where(arterial > parts.rise, arterial, np.float32(0.0))
    if calm is arterial:
        return own, own
    return own, np.where(calm > parts.stream, calm, np.float32(0.0))


def _shows_sinus(images: Images, parts: Compartments, calibre: float) -> bool:
    """Whether a vessel as wide as a sinus runs along the vault for some way, or several do."""
    along = [0.0]
    for branch in _thin(trace_vessels(images, parts), parts, images).branches:
        if branch.calibre >= calibre:
            index = np.rint(images.index_of(branch.path)).astype(np.int64)
            place = tuple(np.clip(index, 0, np.array(parts.cavity.shape) - 1).T)
            near = parts.cavity[place] & (parts.depth[place] - branch.radius <= VAULT_MM)
            along.append(branch.length * float(near.mean()))
    return max(along) >= SINUS_MM or sum(along) >= SINUSES_MM


def assign_arteries(tree: Tree, around: Surroundings) -> Drainage:
    """The owner of each artery: the twin whose root it is fed from.

    By the way of least resistance. Where roots of both twins can be reached, the confidence
    says how much nearer the own one is; where none can, the side that most of the artery
    lies in owns it.
    """
    roots = find_inlets(tree, around)
    away = [find_distance(tree, [n for n, t in roots.items() if t is twin]) for twin in TwinId]
    owners, sure, crossing = [], [], []
    for branch in tree.branches:
        sides = _sides_along(branch, around)
        owner, confidence = _owner_of(branch, away, sides)
        owners.append(owner)
        sure.append(confidence)
        other = int(owner.mirrored) if owner in (Owner.A, Owner.B) else -1
        crossing.append(float(np.mean(sides == other)) * branch.length)
    return Drainage(
        owner=tuple(owners),
        confidence=tuple(sure),
        run=tuple(range(len(owners))),
        crossing=tuple(crossing),
    )


def find_distance(tree: Tree, sources: Iterable[int]) -> Points:
    """Resistance (length over fourth power of calibre) from the nearest of some nodes to
    every node (V,), infinite where there is no way.
    """
    start = sorted(sources)
    count = len(tree.nodes)
    if not start:
        return np.full(count, np.inf)
    cost: dict[tuple[int, int], float] = {}
    for branch in tree.branches:
        key = (min(branch.start, branch.end), max(branch.start, branch.end))
        cost[key] = min(cost.get(key, np.inf), resistance_of(branch))
    rows, columns = [a for a, _ in cost], [b for _, b in cost]
    graph = csr_matrix((list(cost.values()), (rows, columns)), shape=(count, count))
    result: Points = dijkstra(graph, directed=False, indices=start, min_only=True)
    return result


def resistance_of(branch: Branch) -> float:
    """Length over the fourth power of the calibre, mm^-3."""
    return max(branch.length, 1e-3) / branch.calibre**4


def _sides_along(branch: Branch, around: Surroundings) -> NDArray[np.uint8]:
    index = np.rint(around.images.index_of(branch.path)).astype(np.int64)
    index = np.clip(index, 0, np.array(around.side.shape) - 1)
    result: NDArray[np.uint8] = around.side[tuple(index.T)]
    return result


def _owner_of(branch: Branch, away: list[Points], sides: NDArray[np.uint8]) -> tuple[Owner, float]:
    here = [float(min(far[branch.start], far[branch.end])) for far in away]
    if not np.isfinite(min(here)):
        counts = np.bincount(sides, minlength=3)[1:3]
        if counts[0] == counts[1]:
            return Owner.UNKNOWN, 0.5
        share = float(counts.max()) / float(counts.sum())
        return Owner(int(counts.argmax()) + 1), round(LOOSE * share, 6)
    if here[0] == here[1]:
        return Owner.UNKNOWN, 0.5
    near, far = sorted(here)
    sure = ROOTED if np.isinf(far) else 0.5 + (ROOTED - 0.5) * (1.0 - near / far)
    return Owner(int(here[1] < here[0]) + 1), round(sure, 6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supply:
    """Arteries with their owners, as traced."""

    parts: Compartments
    tree: Tree
    drainage: Drainage


def trace_arteries(images: Images, parts: Compartments | None) -> Tree:
    """The arteries of the compartments, an empty tree without any."""
    if parts is None:
        return NO_TREE
    return _thin(trace_vessels(images, parts), parts, images)


def find_supply(parts: Compartments | None, tree: Tree, around: Surroundings) -> Supply | None:
    """The arteries with their owners; None where no series shows arteries."""
    if parts is None:
        return None
    return Supply(parts=parts, tree=tree, drainage=assign_arteries(tree, around))


def correct_both(
    veins: tuple[Tree, Drainage], supply: Supply | None, images: Images, said: Said
) -> tuple[Drainage, Supply | None]:
    """Veins and arteries with the owners that people said; each seed speaks of the one
    vessel of either kind whose centreline is nearest.
    """
    tree, drainage = veins
    if supply is None:
        return correct_branches(drainage, tree, images, said), None
    gaps = [[_gap(seed.position, kind) for kind in (tree, supply.tree)] for seed in said.vessels]
    venous = tuple(
        s for s, (vein, artery) in zip(said.vessels, gaps, strict=True) if vein <= artery
    )
    arterial = tuple(seed for seed in said.vessels if seed not in venous)
    drainage = correct_branches(drainage, tree, images, replace(said, vessels=venous))
    fed = correct_branches(supply.drainage, supply.tree, images, replace(said, vessels=arterial))
    return drainage, replace(supply, drainage=fed)


def _gap(place: Point, tree: Tree) -> float:
    """Distance (mm) of a point from the nearest centreline."""
    gaps = [np.linalg.norm(b.path - np.array(place), axis=1).min() for b in tree.branches]
    return float(min(gaps, default=np.inf))


def _thin(tree: Tree, parts: Compartments, images: Images) -> Tree:
    """The tree with radii by the contrast of the widest arteries.

    Most arteries are thinner than a voxel, so that voxels in the middle of them are not full
    of blood; only the widest ones show in their middle how bright full blood is, and these, too,
    only as far as they fill the scanner's blur (a normal one, with the voxel's own width in it
    and that of the line between two voxels, where the middle is read).
    """
    if not tree.branches:
        return tree
    points = np.concatenate([branch.path for branch in tree.branches])
    radius = np.concatenate([branch.radius for branch in tree.branches])
    widest = radius >= np.percentile(radius, WIDEST)
    middle = float(np.median(sample_field(parts.rise, images.index_of(points[widest]))))
    share = float(np.sqrt(min(full_rise(parts) / max(middle, 1.0), 1.0)))
    wide = share * float(np.median(radius[widest]))
    voxel = float(np.prod(images.spacing)) ** (2.0 / 3.0)
    spread = BLUR_MM**2 + voxel / 12.0 + voxel / 6.0
    share *= float(np.sqrt(1.0 - np.exp(-(wide**2) / (2.0 * spread))))
    return replace(tree, branches=tuple(replace(b, radius=b.radius * share) for b in tree.branches))


def paint_supply(
    supply: Supply | None, images: Images, sides: Sides, painted: tuple[Codes, Codes]
) -> tuple[Codes, Codes]:
    """Owners and confidence with those of the arteries written over them, no wider in noise:
    they seldom cross from twin to twin, so that a wider ring round them gained nothing.
    """
    if supply is None:
        return painted
    under = replace(sides, side=painted[0], confidence=painted[1])
    return paint_owners(images, supply.parts, under, supply.tree, supply.drainage)


def map_supply(
    supply: Supply | None, around: Surroundings, flow: BloodFlow, physiology: SourcedTable
) -> tuple[VesselNetwork, tuple[str, ...]]:
    """The arterial network, and notes; how much of its blood each brain gets from the other
    twin's neck is among them.
    """
    if supply is None:
        return NO_VESSELS, ()
    network, notes = build_network(
        supply.tree, supply.drainage, around, flow, physiology, kind="artery"
    )
    crossed = [
        f"{share:.0%} of the arterial blood of {twin} comes from {twin.other}'s neck"
        for twin in TwinId
        if (share := share_crossed(network, twin)) >= LEAST_CROSSED
    ]
    return network, (*notes, *crossed)


def share_crossed(network: VesselNetwork, twin: TwinId) -> float:
    """Share (0..1) of a twin's blood that comes from, or leaves by, the other twin."""
    total = sum(share.flow.value for share in network.shares if share.twin is twin)
    return float(network.crossed(twin)) / total if total > 0.0 else 0.0


def tell_circulation(images: Images, blood: Circulation) -> tuple[str, ...]:
    """What the phases given do not tell of arteries and veins, in words."""
    if not images.contrast or (blood.arteries is not None and blood.shows_veins):
        return ()
    phase = images.roles[-1]
    if blood.arteries is not None:
        return (
            f"the only series with contrast ({phase}) is arterial and shows no venous sinus:"
            " what it shows was taken for arteries, and no vein was traced",
        )
    return (
        f"there is one phase of contrast ({phase}): arteries and veins cannot be told apart by"
        " it, and arteries that it shows are among the veins",
    )
