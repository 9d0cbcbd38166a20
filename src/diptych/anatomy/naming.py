"""Names of vessels in the field's terms, where a rule can tell, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.sources import SIDES, Surroundings
from diptych.anatomy.vessels import Branch, Tree
from diptych.model import Owner, TwinId

MIDLINE, FAR_ASIDE = 0.1, 0.2
"""Half-width of the midline strip for most and for nearly all of a sinus, in half-distances
of the porions."""
DEEP_MM = 12.0
FAR = 1e3
"""Aside of a vessel that has no twin's midline to be measured from."""
SINUS_CALIBRE_MM, STRAIGHT_CALIBRE_MM = 3.0, 2.5
SAGITTAL_MM = 20.0
"""A midline vessel shorter than this may be any vein that crosses the strip."""
CROSSING_MM = 5.0
SURE, RULED, LIKELY, GUESSED = 0.95, 0.9, 0.8, 0.6
"""Confidence of a name by its rule before the margins are looked at: by roots and ways; by
place and calibre; by place alone; what is left over. Set on generated pairs."""

CONFLUENCE_MM = 10.0
"""Sinuses of 4 to 5 mm that end within this of one place flow together there."""
OF_TORCULAR = {
    "left": ("transverse sinus", "left"),
    "right": ("transverse sinus", "right"),
    "sagittal": ("superior sagittal sinus", ""),
    "straight": ("straight sinus", ""),
}
"""Beginning and end of the names of the sinuses that meet in a torcular."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Name and kind ("sinus", "vein" or "artery") of a branch; confidence 0..1."""

    name: str
    kind: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """What the rules read of a course: branches of one owner that are one vessel.

    calibre, length : mm, of all its branches; aside, far : median and 90th percentile of
    the distance from the midline, in half-distances of the porions; beyond : mm of it in
    the other twin's side
    """

    owner: Owner
    members: tuple[int, ...]
    calibre: float
    length: float
    aside: float
    far: float
    beyond: float


def name_branches(
    tree: Tree, drainage: Drainage, around: Surroundings, roots: dict[int, TwinId]
) -> tuple[Label, ...]:
    """Name, kind and confidence of each branch of a venous tree.

    Shared: circumferential sinus. Of one twin: transverse sinus on the way from one of its
    jugulars to the torcula (where the ways from both sides meet), jugular vein where that
    way has left the skull for good; superior sagittal sinus in its midline along the vault,
    straight sinus in its midline deep inside. The rest: cross-draining veins where they run
    through the other twin's side, else bridging veins, numbered by place.
    """
    labels: dict[int, Label] = {}
    for number, owner in enumerate(drainage.owner):
        if owner is Owner.SHARED:
            sure = min(drainage.confidence[number], RULED)
            labels[number] = Label(name="circumferential sinus", kind="sinus", confidence=sure)
    for twin in TwinId:
        _name_outlets(tree, drainage, around, (twin, roots), labels)
    _name_straight(tree, drainage, around, labels)
    numbers: dict[str, int] = {}
    for course in _courses(tree, drainage, around, labels):
        label = _label(course, numbers)
        labels |= dict.fromkeys(course.members, label)
    return tuple(labels[number] for number in range(len(tree.branches)))


def name_places(
    tree: Tree, drainage: Drainage, labels: Sequence[Label]
) -> dict[int, tuple[str, float]]:
    """Name and confidence of nodes: each twin's torcular, where its sinuses flow together.

    The node that most kinds of its sinuses (left and right transverse, superior sagittal,
    straight) reach within CONFLUENCE_MM, the nearest to them if several; both transverse
    sinuses and one of the others must. The confidence is less where one is missing or
    joins farther off.
    """
    found: dict[int, tuple[str, float]] = {}
    for twin in TwinId:
        own = _sinuses_of(tree, drainage, labels, twin)
        best: tuple[int, float, int] | None = None
        for node in sorted({n for branch, _ in own for n in (branch.start, branch.end)}):
            gaps = _gaps_to(own, tree.nodes[node])
            if {"left", "right"} <= gaps.keys() and len(gaps) >= 3:
                rank = (-len(gaps), round(sum(gaps.values()), 6), node)
                best = min(best, rank) if best else rank
        if best is not None:
            near = 1.0 - 0.3 * best[1] / (len(OF_TORCULAR) * CONFLUENCE_MM)
            sure = (SURE if best[0] == -len(OF_TORCULAR) else LIKELY) * near
            found[best[2]] = (f"torcular {twin}", round(sure, 4))
    return found


def _sinuses_of(
    tree: Tree, drainage: Drainage, labels: Sequence[Label], twin: TwinId
) -> list[tuple[Branch, str]]:
    """A twin's branches that meet in a torcular, each with its kind of OF_TORCULAR."""
    found = []
    for number, branch in enumerate(tree.branches):
        name = labels[number].name
        kind = next((k for k, (start, end) in OF_TORCULAR.items() if _is(name, start, end)), "")
        if kind and drainage.owner[number] is Owner.of(twin):
            found.append((branch, kind))
    return found


def _is(name: str, start: str, end: str) -> bool:
    return name.startswith(start) and name.endswith(end)


def _gaps_to(own: Sequence[tuple[Branch, str]], place: Points) -> dict[str, float]:
    """Distance (mm) of a place from the nearest end of each kind, up to CONFLUENCE_MM."""
    gaps: dict[str, float] = {}
    for branch, kind in own:
        ends = branch.path[[0, -1]]
        away = float(np.linalg.norm(ends - place, axis=1).min())
        if away <= CONFLUENCE_MM:
            gaps[kind] = min(away, gaps.get(kind, away))
    return gaps


def _name_straight(
    tree: Tree, drainage: Drainage, around: Surroundings, labels: dict[int, Label]
) -> None:
    """Straight sinuses: of some calibre, in the midline, far from all that bounds the brain."""
    for number, (branch, owner) in enumerate(zip(tree.branches, drainage.owner, strict=True)):
        letter = letter_of(owner)
        if number in labels or not letter or branch.calibre < STRAIGHT_CALIBRE_MM:
            continue
        aside = float(np.median(np.abs(aside_of(branch.path, TwinId(letter), around))))
        deep = _share_deep(branch.path, owner, around)
        if aside < FAR_ASIDE and deep > 0.5:
            clear = 0.5 * (1.0 - aside / FAR_ASIDE) + 0.5 * (2.0 * deep - 1.0)
            labels[number] = Label(
                name=f"straight sinus {letter}",
                kind="sinus",
                confidence=round(RULED * (0.6 + 0.4 * clear), 4),
            )


def _share_deep(points: Points, owner: Owner, around: Surroundings) -> float:
    """Share of points (N, 3) farther than DEEP_MM from all that is not the twin's cavity."""
    spacing = np.array(around.images.spacing)
    shape = np.array(around.side.shape)
    reach = np.ceil(DEEP_MM / spacing).astype(np.int64)
    offsets = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), -1)
    offsets = offsets.reshape(-1, 3)
    offsets = offsets[np.linalg.norm(offsets * spacing, axis=1) <= DEEP_MM]
    deep = []
    for place in np.rint(around.images.index_of(points[::4])).astype(np.int64):
        i, j, k = np.clip(place + offsets, 0, shape - 1).T
        own = around.parts.cavity[i, j, k] & (around.side[i, j, k] == int(owner))
        deep.append(bool(own.all()))
    return float(np.mean(deep))


def letter_of(owner: Owner) -> str:
    """The letter of A or B, else empty."""
    return owner.name if owner in (Owner.A, Owner.B) else ""


def number_title(title: str, letter: str, numbers: dict[str, int]) -> str:
    """The title with the next number of its kind; `numbers` counts."""
    numbers[title] = numbers.get(title, 0) + 1
    return f"{title}{'' if letter else ' '}{numbers[title]}"


def _name_outlets(
    tree: Tree,
    drainage: Drainage,
    around: Surroundings,
    whose: tuple[TwinId, dict[int, TwinId]],
    labels: dict[int, Label],
) -> None:
    """Transverse sinuses and jugulars: the widest ways between a twin's roots."""
    twin, roots = whose
    own = sorted(node for node, owner in roots.items() if owner is twin)
    inside = [n for n, owner in enumerate(drainage.owner) if owner is Owner.of(twin)]
    way = _ways_between(tree, own, inside)
    if not way:
        for node in own:
            way |= {n for n in inside if node in (tree.branches[n].start, tree.branches[n].end)}
    for number in sorted(way - labels.keys()):
        branch = tree.branches[number]
        left = aside_of(branch.path, twin, around)
        side = SIDES[int(np.median(left) < 0.0)]
        out = _share_outside(branch.path, around)
        name = "jugular vein" if out > 0.5 else "transverse sinus"
        clear = min(2.0 * abs(float(np.mean(left > 0.0)) - 0.5), 2.0 * abs(out - 0.5) + 0.5)
        sure = (SURE if len(own) == len(SIDES) else LIKELY) * (0.6 + 0.4 * min(clear, 1.0))
        kind = "vein" if out > 0.5 else "sinus"
        labels[number] = Label(name=f"{name} {twin}, {side}", kind=kind, confidence=round(sure, 4))


def _ways_between(tree: Tree, own: Sequence[int], inside: Sequence[int]) -> set[int]:
    """Branches on the ways of least resistance from the first of the roots to the others."""
    if len(own) < 2:
        return set()
    cost: dict[tuple[int, int], tuple[float, int]] = {}
    for n in inside:
        branch = tree.branches[n]
        key = (min(branch.start, branch.end), max(branch.start, branch.end))
        cost[key] = min(cost.get(key, (np.inf, n)), (branch.length / branch.calibre**4, n))
    rows, columns = [a for a, _ in cost], [b for _, b in cost]
    values = [price for price, _ in cost.values()]
    count = len(tree.nodes)
    graph = csr_matrix((values, (rows, columns)), shape=(count, count))
    _, before = dijkstra(graph, directed=False, indices=own[0], return_predecessors=True)
    way: set[int] = set()
    for node in own[1:]:
        here = node
        while here != own[0] and before[here] >= 0:
            there = int(before[here])
            way.add(cost[min(here, there), max(here, there)][1])
            here = there
    return way


def aside_of(points: Points, twin: TwinId, around: Surroundings) -> Points:
    """Distance to the twin's own left of its midline, in half-distances of the porions."""
    place = 0 if twin is TwinId.A else 1
    territory = around.territory
    left = np.array(territory.axes[place].left)
    result: Points = (points - territory.middle[place]) @ left / territory.width[place]
    return result


def _share_outside(points: Points, around: Surroundings) -> float:
    """Share of points (N, 3) below the twin's cavity: neither in it nor next to it."""
    index = np.rint(around.images.index_of(points)).astype(np.int64)
    index = np.clip(index, 0, np.array(around.parts.cavity.shape) - 1)
    return float(np.mean(~around.parts.cavity[tuple(index.T)]))


def _courses(
    tree: Tree, drainage: Drainage, around: Surroundings, labels: dict[int, Label]
) -> list[_Course]:
    """The unnamed branches by course and owner, in the order of their first branches."""
    found: dict[tuple[int, Owner], list[int]] = {}
    for number, owner in enumerate(drainage.owner):
        if number not in labels:
            found.setdefault((drainage.run[number], owner), []).append(number)
    return [_read(tree, drainage, around, members) for members in found.values()]


def _read(tree: Tree, drainage: Drainage, around: Surroundings, members: list[int]) -> _Course:
    branches = [tree.branches[n] for n in members]
    points = np.concatenate([branch.path for branch in branches])
    radius = np.concatenate([branch.radius for branch in branches])
    owner = drainage.owner[members[0]]
    letter = letter_of(owner)
    aside = np.abs(aside_of(points, TwinId(letter), around)) if letter else np.full(1, FAR)
    return _Course(
        owner=owner,
        members=tuple(members),
        calibre=2.0 * float(np.median(radius)),
        length=sum(branch.length for branch in branches),
        aside=float(np.median(aside)),
        far=float(np.percentile(aside, 90.0)),
        beyond=sum(drainage.crossing[n] for n in members),
    )


def _label(course: _Course, numbers: dict[str, int]) -> Label:
    letter = letter_of(course.owner)
    midline = course.aside < MIDLINE and course.far < FAR_ASIDE
    if midline and course.length >= SAGITTAL_MM and course.beyond < CROSSING_MM:
        return _sagittal(course, letter)
    if letter and course.aside < MIDLINE and course.calibre >= SINUS_CALIBRE_MM:
        return _sagittal(course, letter)
    margin = abs(course.beyond - CROSSING_MM) / CROSSING_MM
    kind = "cross-draining vein" if course.beyond >= CROSSING_MM else "bridging vein"
    wide = course.calibre >= SINUS_CALIBRE_MM
    sure = (GUESSED if wide or not letter else RULED) * (0.6 + 0.4 * min(margin, 1.0))
    title = number_title(f"{kind} {letter}".strip(), letter, numbers)
    return Label(name=title, kind="vein", confidence=round(sure, 4))


def _sagittal(course: _Course, letter: str) -> Label:
    place = min(1.0 - course.aside / MIDLINE, 1.0) + min(1.0 - course.far / FAR_ASIDE, 0.0)
    wide = course.calibre >= SINUS_CALIBRE_MM
    sure = (RULED if wide else LIKELY) * (0.6 + 0.4 * max(place, 0.0))
    name = f"superior sagittal sinus {letter}"
    return Label(name=name, kind="sinus", confidence=round(sure, 4))
