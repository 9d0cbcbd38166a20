"""How far real days overrun the sum of their steps, fitted on some days, told of another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from diptych.model import require

SHARES = tuple(round(0.05 * n, 2) for n in range(20))
SCATTERS = tuple(round(0.025 * n, 3) for n in range(25))
_READING = 0.02
"""Error of a published clock time that is allowed for in the fit, as a share (assumption)."""

Spans = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun:
    """What the other days say of one day.

    factor : real days over the sum of their steps, median; error : its standard error (log)
    share : part of the spread that all steps of a day have in common; scatter : standard
        deviation (log) between days beyond it; days : how many were fitted
    """

    factor: float
    error: float
    share: float
    scatter: float
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One published span beside the simulated one, minutes."""

    day: str
    span: str
    told: int
    earliest: int
    latest: int
    low: float
    middle: float
    high: float

    @property
    def holds(self) -> bool:
        """The time as told lies between the 10th and the 90th percentile."""
        return self.low <= self.told <= self.high

    @property
    def width(self) -> float:
        """The 90th percentile over the 10th."""
        return self.high / self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One day as it was told and as it is simulated.

    told : span -> minutes; simulated : share (SHARES) -> span -> (D,) minutes
    """

    told: Mapping[str, float]
    simulated: Mapping[float, Spans]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """Of the told spans of a day: told less simulated mean, and covariance, of logarithms."""

    rest: NDArray[np.float64]
    covariance: NDArray[np.float64]


def fit_overrun(days: Sequence[Lived]) -> Overrun:
    """Overrun, shared part and scatter that make the told spans of the days most likely.

    The logarithm of a told span is that of the simulated one (its mean and covariance over
    the simulated days), plus the overrun (the same for all days), plus a scatter that each
    day draws once for all its spans, plus the error of reading. Restricted maximum likelihood
    (Patterson and Thompson, Biometrika 1971;58:545) over the grids SHARES and SCATTERS, the
    overrun by generalised least squares. Raises InputError for fewer than three days.
    """
    told = [day for day in days if day.told]
    require(
        len(told) >= 3,
        f"{len(told)} days with told spans, expected at least 3",
        remedy="give more published days",
    )
    moments = {share: [_moments(day, share) for day in told] for share in SHARES}
    best = max(
        product(SHARES, SCATTERS), key=lambda pair: _likelihood(moments[pair[0]], pair[1])[0]
    )
    _, middle, variance = _likelihood(moments[best[0]], best[1])
    return Overrun(
        factor=exp(middle),
        error=sqrt(variance),
        share=best[0],
        scatter=best[1],
        days=len(told),
    )


def _moments(day: Lived, share: float) -> _Moments:
    names = sorted(day.told)
    logs = np.log(np.array([day.simulated[share][name] for name in names]))
    told = np.array([log(day.told[name]) for name in names])
    covariance = np.atleast_2d(np.cov(logs)) + _READING**2 * np.eye(len(names))
    return _Moments(rest=told - logs.mean(axis=1), covariance=covariance)


def _likelihood(moments: Sequence[_Moments], scatter: float) -> tuple[float, float, float]:
    """Restricted log-likelihood, log of the overrun and its variance."""
    weight = pull = square = spread = 0.0
    for each in moments:
        ones = np.ones(each.rest.size)
        covariance = each.covariance + scatter**2
        inverse = np.linalg.inv(covariance)
        weight += float(ones @ inverse @ ones)
        pull += float(ones @ inverse @ each.rest)
        square += float(each.rest @ inverse @ each.rest)
        spread += float(np.linalg.slogdet(covariance)[1])
    middle = pull / weight
    likelihood = -0.5 * (spread + log(weight) + square - weight * middle**2)
    return likelihood, middle, 1.0 / weight


def predict_span(
    simulated: NDArray[np.float64], overrun: Overrun, normals: NDArray[np.float64]
) -> tuple[float, float, float]:
    """10th, 50th and 90th percentile of a span, minutes, with the overrun and its doubt.

    normals : (D,) standard normals, one for each simulated day
    """
    wide = sqrt(overrun.scatter**2 + overrun.error**2)
    minutes = simulated * overrun.factor * np.exp(wide * normals)
    low, middle, high = (float(each) for each in np.quantile(minutes, (0.1, 0.5, 0.9)))
    return low, middle, high
