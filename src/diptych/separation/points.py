"""The points of the front: what each cut from kinder to B to kinder to A costs both twins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.abreast import run_abreast
from diptych.model import Defect, FrontPoint, PlanId, TwinCost, TwinId, Volume
from diptych.separation.allocate import Judgement, judge_vessels
from diptych.separation.cut import Parting
from diptych.separation.drainage import Severed, find_severed
from diptych.separation.figures import cost_twins
from diptych.separation.ground import Ground
from diptych.separation.reconstruction import measure_defects
from diptych.separation.terms import Wishes

_SAME = 1e-9
_ROOM_MM = 12.0
_ROOM_VOXELS = 10
Balls = Mapping[TwinId, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One cut with what it costs, before anything is planned on it.

    severed : vessels that it meets; wishes : what its allocation was asked
    """

    parting: Parting
    severed: tuple[Severed, ...]
    wishes: Wishes
    judgement: Judgement
    costs: Mapping[TwinId, TwinCost]

    @property
    def figures(self) -> tuple[float, ...]:
        """What must not grow, for A and then for B: tissue, brain and drainage given, and the
        part of the blood that no longer drains.
        """
        lost = {twin: 1.0 - self.judgement.drained.get(twin, 1.0) for twin in TwinId}
        return tuple(
            float(figure)
            for twin in TwinId
            for cost in [self.costs[twin]]
            for figure in (
                cost.own_tissue_given,
                cost.brain_given,
                cost.vein_flow_given,
                round(lost[twin], 6),
            )
        )


def try_parting(ground: Ground, parting: Parting, wishes: Wishes) -> Trial:
    """The costs of one cut. `wishes` : what people demand of the allocation."""
    side = ground.whole(parting.side, f"side of each voxel, kindness {parting.kindness:+g}")
    severed = find_severed(ground.anatomy.vessels, side)
    asked = lean_wishes(ground, wishes, parting.kindness)
    judgement = judge_vessels(severed, ground.anatomy.vessels, tables=ground.tables, wishes=asked)
    return Trial(
        parting=parting,
        severed=severed,
        wishes=asked,
        judgement=judgement,
        costs=cost_twins(ground, parting.side, severed, judgement.keepers),
    )


def try_partings(ground: Ground, partings: Sequence[Parting], wishes: Wishes) -> tuple[Trial, ...]:
    """The costs of all cuts, in their order."""

    def some(chosen: Sequence[Parting]) -> list[Trial]:
        return [try_parting(ground, parting, wishes) for parting in chosen]

    half = len(partings) // 2
    first, second = run_abreast(lambda: some(partings[:half]), lambda: some(partings[half:]))
    return (*first, *second)


def lean_wishes(ground: Ground, wishes: Wishes, kindness: float) -> Wishes:
    """The wishes of a cut that is so much kinder to one twin: its drainage weighs more too."""
    if kindness == 0.0:
        return wishes
    most = ground.tables["allocation"].value("favoured-weight")
    return replace(
        wishes,
        favoured=TwinId.A if kindness > 0.0 else TwinId.B,
        weight=1.0 + abs(kindness) * (most - 1.0),
    )


def nest_sides(partings: Sequence[Parting]) -> NDArray[np.uint8]:
    """Codes (I, J, K) of nested cuts: k >= 1 with A from cut k on, 0 no tissue.

    Raises AssertionError where the cuts are not nested, which minimum cuts of rising prices are.
    """
    codes: NDArray[np.uint8] = (partings[0].side != 0).astype(np.uint8)
    for parting in partings:
        codes += (parting.side == 2).astype(np.uint8)
    for number, parting in enumerate(partings, start=1):
        assert np.array_equal(parting.side == 1, (codes != 0) & (codes <= number)), "not nested"
    return codes


def find_dominated(trials: Sequence[Trial]) -> tuple[str, ...]:
    """For each cut why it is not on the front, "" where it is.

    A cut is dominated when another costs neither twin more in any figure and one of them less
    in some figure. Of equal cuts the one nearest to balanced stays; of two as near both do.
    """
    return tuple(_why_dominated(trials, number) for number in range(len(trials)))


def _why_dominated(trials: Sequence[Trial], number: int) -> str:
    mine = trials[number]
    order = sorted(range(len(trials)), key=lambda n: (abs(trials[n].parting.kindness), n))
    for other in order:
        theirs = trials[other]
        if other == number or any(
            a > b + _SAME for a, b in zip(theirs.figures, mine.figures, strict=True)
        ):
            continue
        if any(a < b - _SAME for a, b in zip(theirs.figures, mine.figures, strict=True)):
            return f"point {other + 1} is no worse for either twin and better for one"
        if abs(theirs.parting.kindness) < abs(mine.parting.kindness):
            return f"costs both twins exactly what point {other + 1} costs them"
    return ""


def measure_points(
    ground: Ground,
    trials: Sequence[Trial],
    balls: Balls,
    known: Mapping[int, Mapping[TwinId, Defect]],
) -> list[Mapping[TwinId, Defect]]:
    """What each twin will lack at each point.

    balls : as in `Cover`, of the balanced plan; known : by number, where a plan has told it.
    Cuts that are the same voxel by voxel are measured once.
    """
    place = _wide(ground)
    tissues = ground.anatomy.tissues.voxels[place].astype(np.uint8)

    def measure(number: int) -> Mapping[TwinId, Defect]:
        if number in known:
            return known[number]
        part = ground.seeds[place].copy()
        inner = tuple(
            slice(mine.start - wide.start, mine.stop - wide.start)
            for mine, wide in zip(ground.block, place, strict=True)
        )
        part[inner] = trials[number].parting.side
        side = _cropped(ground.anatomy.tissues, part, place)
        return measure_defects(ground.case, tissues, side, balls, tables=ground.tables)

    leaders = _same_sides(trials, known)
    wanted = sorted(set(leaders))
    half = len(wanted) // 2
    first, second = run_abreast(
        lambda: [measure(n) for n in wanted[:half]], lambda: [measure(n) for n in wanted[half:]]
    )
    found = dict(zip(wanted, [*first, *second], strict=True))
    return [found[leader] for leader in leaders]


def _same_sides(trials: Sequence[Trial], known: Mapping[int, object]) -> list[int]:
    """For each cut the number of the first like it in a row of equal ones, a known one if any."""
    rows = [[0]]
    for number, (before, after) in enumerate(pairwise(trials), start=1):
        if np.array_equal(before.parting.side, after.parting.side):
            rows[-1].append(number)
        else:
            rows.append([number])
    leaders = []
    for row in rows:
        leader = next((number for number in row if number in known), row[0])
        leaders += [number if number in known else leader for number in row]
    return leaders


def _wide(ground: Ground) -> tuple[slice, slice, slice]:
    """The block with room for all that the areas are measured from."""
    slices = []
    for inner, step, most in zip(ground.block, ground.spacing, ground.seeds.shape, strict=True):
        room = int(np.ceil(_ROOM_MM / step)) + _ROOM_VOXELS
        slices.append(slice(max(inner.start - room, 0), min(inner.stop + room, most)))
    return slices[0], slices[1], slices[2]


def _cropped(grid: Volume, part: NDArray[np.uint8], place: tuple[slice, slice, slice]) -> Volume:
    corner = np.array([axis.start for axis in place], dtype=np.float64)
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ corner
    return replace(grid, voxels=part, affine=affine, source="side of each voxel")


def tell_points(
    trials: Sequence[Trial],
    areas: Sequence[Mapping[TwinId, Defect]],
    dominated: Sequence[str],
    plans: Mapping[int, str],
) -> tuple[FrontPoint, ...]:
    """The points as the plan shows them. `plans` : names of the plans worked out, by number."""
    return tuple(
        FrontPoint(
            kindness=trial.parting.kindness,
            value=trial.parting.proof.value,
            flow=trial.parting.proof.flow,
            proven=trial.parting.proof.proven,
            costs=trial.costs,
            areas=areas[number],
            drained=trial.judgement.drained,
            infarct=trial.judgement.infarct,
            plan=PlanId(plans[number]) if number in plans else None,
            dominated=dominated[number],
        )
        for number, trial in enumerate(trials)
    )
