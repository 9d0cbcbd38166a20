"""The day lived many times over. Made by contingencies only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model.checks import frozen_copy
from diptych.model.geometry import Measured


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rehearsal:
    """Outcome of simulated days.

    end_time, separation_time : quantile name ("p10", "p50", "p80", "p90", "p95") ->
        minutes since the day's start, with a 95 % interval of the quantile itself
    hazard_rate : hazard id -> share of days in which it happened at least once
    unanswered : share of days with at least one hazard that nobody could answer in time
    end_histogram : (N, 2) int64, first minute of a 30-minute bin and number of days
    """

    days: int
    seed: int
    version: str
    end_time: Mapping[str, Measured]
    separation_time: Mapping[str, Measured]
    hazard_rate: Mapping[str, Measured]
    unanswered: Measured
    end_histogram: NDArray[np.int64]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "end_histogram", frozen_copy(self.end_histogram))
