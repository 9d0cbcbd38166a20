"""Figures with their 95 % intervals, exact for the number of days lived."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

from diptych.model import Measured

_TAIL = 0.025


def quantile(values: NDArray[np.float64], share: float, unit: str) -> Measured:
    """The quantile with the interval that its order statistics give, whatever the law.

    The number of days below the true quantile is binomial, so the interval runs between the
    values whose ranks are its 2.5 % and 97.5 % points.
    """
    ordered = np.sort(values)
    n = len(ordered)
    ranks = np.arange(n + 1)
    below = bdtr(ranks, n, share)
    low = int(np.searchsorted(below, _TAIL, side="right")) - 1
    high = int(np.searchsorted(below, 1 - _TAIL, side="left"))
    middle = float(np.quantile(ordered, share))
    return Measured(
        value=middle,
        low=min(float(ordered[max(low, 0)]), middle),
        high=max(float(ordered[min(high, n - 1)]), middle),
        unit=unit,
    )


def share_of_days(hits: int, days: int) -> Measured:
    """A share with the exact binomial interval of Clopper and Pearson."""
    low = float(betaincinv(hits, days - hits + 1, _TAIL)) if hits else 0.0
    high = float(betaincinv(hits + 1, days - hits, 1 - _TAIL)) if hits < days else 1.0
    return Measured(value=hits / days, low=low, high=high, unit="share of days")


def bins(values: NDArray[np.float64], width: int) -> NDArray[np.int64]:
    """(N, 2) first minute of each bin and how many values fall into it, without empty ends."""
    numbers = np.floor_divide(values, width).astype(np.int64)
    least = int(numbers.min())
    counts = np.bincount(numbers - least)
    edges = (np.arange(len(counts)) + least) * width
    return np.stack([edges, counts], axis=1).astype(np.int64)
