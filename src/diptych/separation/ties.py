"""Which vessels could go to the other twin at no loss, and the choice among equals.

A vessel is tried alone first; if that costs too much, other keepers that reach the same figures
with it changed are searched for (a mixed-integer program for each vessel).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diptych.model import VesselTie
from diptych.separation.channels import Channels, IntArray
from diptych.separation.keepers import (
    CLOSE,
    Choice,
    Search,
    Weights,
    find_better,
    total_of,
    worth,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quest:
    """What is held fixed, how the twins are weighed, how long to search."""

    channels: Channels
    fixed: Mapping[int, int]
    weights: Weights
    search: Search

    @property
    def free(self) -> list[int]:
        """Open tubes that may go either way."""
        tubes: list[int] = np.flatnonzero(self.channels.open).tolist()
        return [tube for tube in tubes if tube not in self.fixed]

    def floor(self, choice: Choice, tolerance: float) -> tuple[float, float]:
        """The figures, less the tolerance (part of a need), that count as no loss."""
        whole = self.channels.need(0) + self.channels.need(1)
        return choice.value - tolerance, choice.total - tolerance * whole

    def holds(self, keepers: IntArray, floor: tuple[float, float]) -> bool:
        """Whether the keepers reach the floor."""
        return (
            worth(self.channels, keepers, self.weights) >= floor[0]
            and total_of(self.channels, keepers) >= floor[1]
        )


def prefer_natural(quest: Quest, choice: Choice, natural: Mapping[int, int]) -> IntArray:
    """Keepers as good as the choice's, with tubes back at their natural place where that is
    no loss at all; one after the other, in the order of the network.
    """
    keepers = choice.keepers.copy()
    floor = quest.floor(choice, CLOSE * 1e-2)
    for tube in quest.free:
        if natural.get(tube, int(keepers[tube])) != keepers[tube]:
            changed = _flipped(keepers, tube)
            if quest.holds(changed, floor):
                keepers = changed
    return keepers


def list_ties(quest: Quest, choice: Choice, tolerance: float) -> tuple[VesselTie, ...]:
    """Every free tube that could change hands with no more loss than the tolerance."""
    floor = quest.floor(choice, tolerance)
    known: dict[int, IntArray] = {}
    found = []
    for tube in quest.free:
        alone = _flipped(choice.keepers, tube)
        if quest.holds(alone, floor):
            found.append(_tie(quest, choice, tube, alone, certain=True))
            continue
        other, certain = known.get(tube), True
        if other is None:
            other, certain = _search(quest, choice, tube, floor)
        if other is not None:
            for changed in np.flatnonzero(other != choice.keepers).tolist():
                known.setdefault(changed, other)
        if other is not None or not certain:
            found.append(_tie(quest, choice, tube, other, certain=certain))
    return tuple(found)


def _search(
    quest: Quest, choice: Choice, tube: int, floor: tuple[float, float]
) -> tuple[IntArray | None, bool]:
    fixed = {**quest.fixed, tube: 1 - int(choice.keepers[tube])}
    found, certain = find_better(
        quest.channels, fixed, weights=quest.weights, floor=floor, search=quest.search
    )
    slack = (floor[0] - 10 * CLOSE, floor[1] - 10 * CLOSE * max(choice.total, 1.0))
    if found is not None and not quest.holds(found, slack):
        return None, False
    return found, certain


def _tie(
    quest: Quest, choice: Choice, tube: int, other: IntArray | None, *, certain: bool
) -> VesselTie:
    channels = quest.channels
    changed = [] if other is None else np.flatnonzero(other != choice.keepers).tolist()
    return VesselTie(
        vessel=channels.vessels[tube],
        keeper=channels.twins[int(choice.keepers[tube])],
        along=tuple(channels.vessels[n] for n in changed if n != tube),
        certain=certain,
    )


def _flipped(keepers: IntArray, tube: int) -> IntArray:
    changed = keepers.copy()
    changed[tube] = 1 - changed[tube]
    return changed
