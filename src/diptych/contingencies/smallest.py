"""The smallest choices of helpers that close a part of a gap: every one of them.

A choice that leaves a stretch short must grow by one who can fill a place that is too many
there (Hall's condition), whatever the rest of it. Choices are therefore grown one by one in
that way, level by level; the first level on which one does is the smallest number, and all
choices of that number are met.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.naming import as_row
from diptych.contingencies.reserve_policy import ReservePolicy
from diptych.contingencies.standby import Market, hours_of, room_of
from diptych.kernels.shortage import list_shortages

MOST = 6
"""Largest number of helpers tried."""
_WIDEST = 4000
_WORD = 64
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """The stretches of one part of a gap, and who could be added in each.

    start, end : (S,) of the stretches; masks : (S, N, W) of the plan's own
    there : (S, helpers) the helper can be had then
    helps : (S, N, helpers) and can fill the place
    row : (S, 5) the set in each stretch
    """

    market: Market
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    masks: NDArray[np.uint64]
    there: NDArray[np.bool_]
    helps: NDArray[np.bool_]
    row: NDArray[np.int64]


def set_scene(market: Market, count: int, spans: Spans, policy: ReservePolicy) -> Scene:
    """The stretches within the spans, for the set of all `count` hazards of the market."""
    classes = market.classes
    cuts = sorted({m for span in spans for m in span} | set(classes.stretch.tolist()))
    start = np.array([m for m in cuts if any(a <= m < b for a, b in spans)], np.int64)
    end = np.array([min(c for c in cuts if c > m) for m in start.tolist()], np.int64)
    where = classes.of[np.searchsorted(classes.stretch, start, side="right") - 1]
    masks = classes.masks[where]
    helps = np.zeros((len(start), masks.shape[1], len(market.helpers)), np.bool_)
    there = np.ones((len(start), len(market.helpers)), np.bool_)
    for number, helper in enumerate(market.helpers):
        bit = helper.bit
        there[:, number] = _present(market, number, start, end, policy)
        able = (masks[:, :, bit // _WORD] >> np.uint64(bit % _WORD) & np.uint64(1)).astype(np.bool_)
        helps[:, :, number] = able & there[:, number, None]
    sets = [as_row(n, range(count)) for n in range(len(start))]
    return Scene(
        market=market,
        start=start,
        end=end,
        masks=np.ascontiguousarray(masks & market.real),
        there=there,
        helps=helps,
        row=np.array(sets, np.int64).reshape(-1, 5),
    )


def _present(
    market: Market,
    number: int,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    policy: ReservePolicy,
) -> NDArray[np.bool_]:
    """(S,) stretches for which the helper can be had.

    A person of the roster is called earlier or kept longer, not both for one part of a gap,
    and within the span that the rules of rest allow.
    """
    if market.helpers[number].kind != "longer":
        return np.ones(len(start), np.bool_)
    helper = market.helpers[number]
    low, high = hours_of(market, helper)
    room = room_of(market, helper, policy)
    early = (end <= low) & (low - start <= room)
    late = (start >= high) & (end - high <= room)
    return late if late.sum() >= early.sum() else early


def list_smallest(scene: Scene) -> list[tuple[int, ...]]:
    """Every choice of fewest helpers that leaves no stretch short; [] where none does."""
    level: list[tuple[int, ...]] = [()]
    for _ in range(MOST + 1):
        closed = [choice for choice in level if _useful(scene, choice) is None]
        if closed:
            return closed
        grown = {
            tuple(sorted((*choice, more))) for choice in level for more in _more(scene, choice)
        }
        level = sorted(grown)
        if not level or len(level) > _WIDEST:
            break
    return []


def _more(scene: Scene, choice: tuple[int, ...]) -> Iterator[int]:
    """Who could help where this choice is short; a person's hours only once."""
    for number in _useful(scene, choice) or ():
        if scene.market.helpers[number].kind != "longer" or number not in choice:
            yield number


def _useful(scene: Scene, choice: tuple[int, ...]) -> tuple[int, ...] | None:
    """The helpers of the first shortage that this choice leaves; None where it leaves none."""
    masks = _with_choice(scene, choice, np.ones((len(choice), len(scene.start)), np.bool_))
    of, short = list_shortages(masks, scene.market.classes.first, scene.row)
    if not len(of):
        return None
    bits = int(short[0])
    places = [n for n in range(scene.helps.shape[1]) if bits >> n & 1]
    return tuple(np.flatnonzero(scene.helps[of[0], places].any(axis=0)).tolist())


def _with_choice(
    scene: Scene, choice: Sequence[int], here: NDArray[np.bool_]
) -> NDArray[np.uint64]:
    """The plan's own masks with one bit more for each helper of the choice.

    here : (choice, S) whether it is there in the stretch; a person whose hours are longer
    then is no longer counted as on call.
    """
    own = scene.masks.copy()
    more = np.zeros((*scene.masks.shape[:2], 1), np.uint64)
    for n, number in enumerate(choice):
        able = scene.helps[:, :, number] & here[n][:, None]
        more[:, :, 0] |= able.astype(np.uint64) << np.uint64(n)
        bit = scene.market.helpers[number].own
        if bit >= 0:
            own[here[n] & scene.there[:, number], :, bit // _WORD] &= ~np.uint64(1 << bit % _WORD)
    return np.ascontiguousarray(np.concatenate([own, more], axis=2))


def find_hours(scene: Scene, choice: tuple[int, ...]) -> NDArray[np.bool_]:
    """(choice, S) when each is needed, from first to last, the others given; in order."""
    here = np.ones((len(choice), len(scene.start)), np.bool_)
    for n in range(len(choice)):
        here[n] = False
        masks = _with_choice(scene, choice, here)
        of, _ = list_shortages(masks, scene.market.classes.first, scene.row)
        if len(of):
            here[n, of.min() : of.max() + 1] = True
    return here
