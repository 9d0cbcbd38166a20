"""Names of arteries in the field's terms, where a rule can tell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.naming import Label, aside_of, letter_of, number_title
from diptych.anatomy.sources import SIDES, Surroundings
from diptych.anatomy.vessels import Tree
from diptych.model import Owner, TwinId

MIDLINE = 0.18
"""Half-width of the strip that holds the basilar artery, in half-distances of the porions."""
BRANCH_MM = 25.0
"""What a side branch and all beyond it must measure to end the trunk that it leaves."""
LATERAL, MEDIAL, BEHIND = 0.40, 0.30, -0.3
"""Where the middle cerebral artery's tree lies, and the anterior's; posterior arteries lie
behind this, ahead of the porions. In half-distances of the porions."""
SURE, LIKELY, GUESSED = 0.95, 0.85, 0.6
"""Confidence of a name: of trunks by their course from the neck; of branches by where their
tree spreads; of what is left over. Set on generated pairs."""
CROSSED, CROSSED_MM = 0.5, 15.0
"""Share of a crossing artery, or length of it, that lies in the other twin's side."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Growth:
    """A tree as it grows from one twin's roots: branches that go on from each node, with the
    node that each leads to, and the branches of the whole growth beyond each branch.
    """

    twin: TwinId
    onward: dict[int, list[tuple[int, int]]]
    beyond: dict[int, tuple[int, ...]]


def name_arteries(
    tree: Tree, drainage: Drainage, around: Surroundings, roots: dict[int, TwinId]
) -> tuple[Label, ...]:
    """Name, kind and confidence of each artery.

    From each root the trunk runs on until it divides into parts of some size: in the midline
    it is the basilar artery, else ahead of the porions the internal carotid, behind them a
    vertebral artery. What a carotid divides into is the middle cerebral artery where its
    tree spreads to the side, the anterior where it stays in the midline, the posterior where
    it lies behind; what the basilar divides into are the posterior cerebral arteries. A
    branch that runs through the other twin's side is a crossing artery. The rest is numbered.
    """
    labels: dict[int, Label] = {}
    for twin in TwinId:
        own = sorted(node for node, owner in roots.items() if owner is twin)
        growth = _grow(tree, drainage, own, twin)
        for root in own:
            _name_trunk(tree, growth, around, root, labels)
    numbers: dict[str, int] = {}
    for number, branch in enumerate(tree.branches):
        letter = letter_of(drainage.owner[number])
        if letter and drainage.crossing[number] > min(CROSSED * branch.length, CROSSED_MM):
            title = number_title(f"crossing artery {letter}", letter, numbers)
            labels[number] = Label(name=title, kind="artery", confidence=LIKELY)
        elif number not in labels or labels[number].name == "":
            title = number_title(f"artery {letter}".strip(), letter, numbers)
            labels[number] = Label(name=title, kind="artery", confidence=GUESSED)
    return tuple(labels[number] for number in range(len(tree.branches)))


def _grow(tree: Tree, drainage: Drainage, roots: list[int], twin: TwinId) -> _Growth:
    """The twin's own branches, each reached once, from the nearer root first (by length)."""
    beside: dict[int, list[int]] = {}
    for number, branch in enumerate(tree.branches):
        if drainage.owner[number] is Owner.of(twin):
            for node in (branch.start, branch.end):
                beside.setdefault(node, []).append(number)
    onward: dict[int, list[tuple[int, int]]] = {}
    away = dict.fromkeys(roots, 0.0)
    order: list[tuple[int, int]] = []
    used: set[int] = set()
    while True:
        front = [
            (away[node] + tree.branches[n].length, n, node)
            for node in away
            for n in beside.get(node, ())
            if n not in used
        ]
        if not front:
            break
        length, number, node = min(front)
        branch = tree.branches[number]
        far = branch.end if branch.start == node else branch.start
        used.add(number)
        if far not in away:
            away[far] = length
            onward.setdefault(node, []).append((number, far))
            order.append((number, far))
    beyond: dict[int, tuple[int, ...]] = {}
    for number, far in reversed(order):
        after = [n for n, _ in onward.get(far, [])]
        beyond[number] = (number, *(m for n in after for m in beyond[n]))
    return _Growth(twin=twin, onward=onward, beyond=beyond)


def _name_trunk(
    tree: Tree, growth: _Growth, around: Surroundings, root: int, labels: dict[int, Label]
) -> None:
    """Names what grows from one root: the trunk, and the parts that it divides into."""
    trunk, parts = _follow(tree, growth, root)
    if not trunk:
        return
    path = np.concatenate([tree.branches[n].path for n in trunk])
    aside = aside_of(path, growth.twin, around)
    side = SIDES[int(np.median(aside) < 0.0)]
    letter = str(growth.twin)
    if float(np.median(np.abs(aside))) < MIDLINE:
        name = f"basilar artery {letter}"
    elif float(_ahead(tree.nodes[root][None], growth.twin, around)[0]) > 0.0:
        name = f"internal carotid artery {letter}, {side}"
    else:
        name = f"vertebral artery {letter}, {side}"
    sure = SURE if name[0] != "v" else LIKELY
    _put(labels, trunk, Label(name=name, kind="artery", confidence=sure))
    for part in parts:
        title = _name_part(tree, growth, around, (name, side), part)
        if title:
            _put(
                labels,
                growth.beyond[part],
                Label(name=title, kind="artery", confidence=LIKELY),
            )


def _put(labels: dict[int, Label], numbers: tuple[int, ...] | list[int], label: Label) -> None:
    for number in numbers:
        labels.setdefault(number, label)


def _follow(tree: Tree, growth: _Growth, root: int) -> tuple[list[int], list[int]]:
    """The branches of a trunk, and the first branches of the parts that it divides into."""
    trunk: list[int] = []
    node = root
    while True:
        large = [
            (n, far)
            for n, far in growth.onward.get(node, [])
            if sum(tree.branches[m].length for m in growth.beyond[n]) >= BRANCH_MM
        ]
        if len(large) != 1:
            return trunk, [n for n, _ in large]
        trunk.append(large[0][0])
        node = large[0][1]


def _name_part(
    tree: Tree, growth: _Growth, around: Surroundings, stem: tuple[str, str], part: int
) -> str:
    """Name of the part of a trunk's tree that begins with a branch, "" where none holds."""
    path = np.concatenate([tree.branches[n].path for n in growth.beyond[part]])
    aside = aside_of(path, growth.twin, around)
    spread = float(np.median(np.abs(aside)))
    behind = float(np.median(_ahead(path, growth.twin, around))) < BEHIND
    letter = str(growth.twin)
    if stem[0].startswith("internal carotid"):
        side = stem[1]
        if spread > LATERAL:
            return f"middle cerebral artery {letter}, {side}"
        if spread < MEDIAL and not behind:
            return f"anterior cerebral artery {letter}, {side}"
        return f"posterior cerebral artery {letter}, {side}" if behind else ""
    side = SIDES[int(np.median(aside) < 0.0)]
    return f"posterior cerebral artery {letter}, {side}" if stem[0][0] == "b" else ""


def _ahead(points: Points, twin: TwinId, around: Surroundings) -> Points:
    """Distance ahead of the porions, in half-distances of the porions."""
    place = 0 if twin is TwinId.A else 1
    territory = around.territory
    facing = np.array(territory.axes[place].facing)
    result: Points = (points - territory.middle[place]) @ facing / territory.width[place]
    return result
