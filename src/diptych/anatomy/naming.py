"""Names of vessels in the field's terms, where a rule can tell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.images import Images
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.kernels.distance import measure_distance
from diptych.model import Owner, TwinAxes

MIDLINE = 0.2
"""Half-width of the midline strip, in half-distances of the porions."""
DEEP_MM = 12.0
SINUS_CALIBRE_MM = 3.0
CROSSING_MM = 5.0

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Name and kind ("sinus" or "vein") of a branch."""

    name: str
    kind: str


def name_branches(
    tree: Tree,
    drainage: Drainage,
    images: Images,
    parts: Compartments,
    territory: Territory,
    roots: frozenset[int],
) -> tuple[Label, ...]:
    """Name and kind of each branch.

    Shared: circumferential sinus. Wide vessels of one twin: superior sagittal sinus in
    its midline along the vault, straight sinus in its midline deep inside, else transverse
    sinus with the twin's own side. Narrow ones: cross-draining veins where they run
    through the other twin's side, else bridging veins, numbered by place.
    """
    depth = measure_distance(parts.cavity, images.spacing)
    wide = _wide_runs(tree, drainage)
    names: list[Label] = []
    numbers: dict[str, int] = {}
    known: dict[int, str] = {}
    for number, branch in enumerate(tree.branches):
        owner, run = drainage.owner[number], drainage.run[number]
        letter = owner.name if owner in (Owner.A, Owner.B) else ""
        if owner is Owner.SHARED:
            names.append(Label(name="circumferential sinus", kind="sinus"))
        elif letter and (run in wide or {branch.start, branch.end} & roots):
            inside = _depth_of(branch, images, depth)
            names.append(Label(name=_sinus_name(branch, owner, territory, inside), kind="sinus"))
        else:
            if run not in known:
                known[run] = _vein_name(drainage, run, letter, numbers)
            names.append(Label(name=known[run], kind="vein"))
    return tuple(names)


def _wide_runs(tree: Tree, drainage: Drainage) -> frozenset[int]:
    """Runs that are wide over most of their length."""
    total: dict[int, float] = {}
    for branch, run in zip(tree.branches, drainage.run, strict=True):
        sign = 1.0 if branch.calibre >= SINUS_CALIBRE_MM else -1.0
        total[run] = total.get(run, 0.0) + sign * branch.length
    return frozenset(run for run in total if total[run] > 0.0)


def _depth_of(branch: Branch, images: Images, depth: NDArray[np.float32]) -> float:
    index = np.rint(images.index_of(branch.path)).astype(np.int64)
    index = np.clip(index, 0, np.array(depth.shape) - 1)
    return float(np.median(depth[tuple(index.T)]))


def _sinus_name(branch: Branch, owner: Owner, territory: Territory, inside: float) -> str:
    place = 0 if owner is Owner.A else 1
    axes, middle = territory.axes[place], territory.middle[place]
    aside = float(np.median(_lateral(branch.path, axes, middle))) / territory.width[place]
    if abs(aside) < MIDLINE:
        kind = "straight sinus" if inside > DEEP_MM else "superior sagittal sinus"
        return f"{kind} {owner.name}"
    return f"transverse sinus {owner.name}, {'left' if aside > 0 else 'right'}"


def _lateral(path: Points, axes: TwinAxes, middle: Points) -> Points:
    """Distance of points to the twin's own left of its midline, mm."""
    result: Points = (path - middle) @ np.array(axes.left)
    return result


def _vein_name(drainage: Drainage, run: int, letter: str, numbers: dict[str, int]) -> str:
    beyond = sum(drainage.crossing[n] for n in range(len(drainage.run)) if drainage.run[n] == run)
    kind = "cross-draining vein" if beyond >= CROSSING_MM else "bridging vein"
    title = f"{kind} {letter}".strip()
    numbers[title] = numbers.get(title, 0) + 1
    return f"{title}{'' if letter else ' '}{numbers[title]}"
