"""Minutes of the day that ask the same question of the same people, met once.

In each stretch of the day who can come to which hazard is one table of bits. Stretches with
the same table and the same hazards are one class, wherever in the day they lie.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.duties import DayArrays, fields_of, lay_out, offsets
from diptych.contingencies.policy import AnswerPolicy
from diptych.kernels.bitcover import Duties, bound_holders, free_people, free_pieces
from diptych.kernels.matching import Places
from diptych.model import Hazard, Schedule


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classes:
    """All classes of minutes of a day.

    stretch : (K + 1,) start of each stretch, and the end of the last
    of : (K,) class of each stretch
    masks : (C, N, W) for each class who or what can fill each place
    alive : (C, H) the hazard can strike in the class
    first : (H + 1,) places of hazard h are first[h]:first[h + 1]
    names : what each bit is: ids of people, then "kind n" for each piece of kit and
        "zone n" for each place in the sterile field, where hazards ask for such
    """

    stretch: NDArray[np.int64]
    of: NDArray[np.int64]
    masks: NDArray[np.uint64]
    alive: NDArray[np.bool_]
    first: NDArray[np.int64]
    names: tuple[str, ...]

    def minutes(self) -> NDArray[np.int64]:
        """(C,) minutes of the day in each class."""
        found = np.zeros(len(self.masks), np.int64)
        np.add.at(found, self.of, np.diff(self.stretch))
        return found

    def places(self, number: int) -> Places:
        """The places of one class, for the kernels."""
        return Places(first=self.first, masks=self.masks[number])


def sort_minutes(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    policy: AnswerPolicy,
    within: tuple[int, int] | None = None,
) -> Classes:
    """The classes of the day's minutes; people with the fewest skills have the lowest bits.

    within : only of the minutes from the first on and before the second
    """
    day = lay_out(schedule, hazards, within)
    order = day.rarest_first
    calls = day.calls._replace(able=np.ascontiguousarray(day.calls.able[:, order]))
    duties = _renumber(day.duties, order)
    own = policy.those_at_the_twin_answer
    bound = bound_holders(duties, day.crew.team[order], calls, own)
    reach = np.ascontiguousarray(day.reach[:, order])
    people, _ = free_people(day.minutes, reach, duties, calls, bound)
    pieces = free_pieces(day.minutes, duties, calls, day.things, own)
    masks, first = _stack(day, hazards, people, pieces)
    masks[~_alive_places(day.active, first)] = 0
    width = masks.shape[1] * masks.shape[2]
    flat = np.concatenate([masks.reshape(len(masks), width), day.active.astype(np.uint64)], axis=1)
    _, where, of = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(where))
    chosen = np.sort(where)
    return Classes(
        stretch=np.append(day.minutes, day.end),
        of=rank[of.reshape(-1)],
        masks=np.ascontiguousarray(masks[chosen]),
        alive=day.active[chosen],
        first=first,
        names=tuple(_names(day, order)),
    )


def _renumber(duties: Duties, order: NDArray[np.int64]) -> Duties:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return duties._replace(holder=place[duties.holder])


def _alive_places(active: NDArray[np.bool_], first: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.repeat(active, np.diff(first), axis=1)


def _stack(
    day: DayArrays,
    hazards: Sequence[Hazard],
    people: NDArray[np.uint64],
    pieces: NDArray[np.uint64],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """One row of bits for each place: the words of people first, then those of things."""
    rows: list[NDArray[np.uint64]] = []
    counts = []
    none_of_kit = np.zeros((len(people), pieces.shape[-1]), np.uint64)
    nobody = np.zeros((len(people), people.shape[-1]), np.uint64)
    for h, hazard in enumerate(hazards):
        before = len(rows)
        for d in range(int(day.calls.first[h]), int(day.calls.first[h + 1])):
            row = np.concatenate([people[:, d], none_of_kit], axis=1)
            rows += [row] * int(day.calls.number[d])
        for q in range(day.calls.kit.shape[1]):
            row = np.concatenate([nobody, pieces[:, h, q]], axis=1)
            rows += [row] * int(day.calls.kit[h, q])
        for field in _fields(day, hazard, pieces[:, h]):
            rows += [np.concatenate([nobody, field], axis=1)] * hazard.response.sterile
        counts.append(len(rows) - before)
    none = np.zeros((len(people), 0, people.shape[-1] + pieces.shape[-1]), np.uint64)
    return np.stack(rows, axis=1) if rows else none, offsets(counts)


def _fields(
    day: DayArrays, hazard: Hazard, pieces: NDArray[np.uint64]
) -> Iterator[NDArray[np.uint64]]:
    """(K, W) places at the field of each twin in trouble, where the field then is."""
    if hazard.response.sterile:
        for joined, own in zip(fields_of(hazard, 0), fields_of(hazard, 1), strict=True):
            before, after = (pieces[:, day.kinds.index(zone)] for zone in (joined, own))
            yield np.where(day.things.apart[:, None] == 1, after, before)


def _names(day: DayArrays, order: NDArray[np.int64]) -> Iterator[str]:
    people = [str(day.people[int(p)].id) for p in order]
    room = -len(people) % 64
    yield from people
    yield from [""] * room
    for kind, count in zip(day.kinds, np.diff(day.things.base), strict=True):
        yield from (f"{kind} {n + 1}" for n in range(int(count)))
