"""How long a task takes: a log-normal that starts at the least length."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from diptych.model import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """Length = low + exp(mu + sigma * standard normal), minutes; sigma 0: always low."""

    low: float
    mu: float
    sigma: float

    @property
    def mean(self) -> float:
        """Mean length, minutes."""
        return self.low + (exp(self.mu + self.sigma**2 / 2) if self.sigma else 0.0)


def fit_law(low: float, mode: float, high: float) -> Law:
    """The log-normal that starts at `low` and has PERT's mean and standard deviation.

    Mean (low + 4 mode + high) / 6, deviation (high - low) / 6: Malcolm et al. 1959
    (doi 10.1287/opre.7.5.646); three-parameter log-normal: May et al. 2000, Stepaniak et al.
    (Anesthesia & Analgesia 2009). The rehearsal of the day uses the same law.
    """
    if high <= low:
        return Law(low=low, mu=0.0, sigma=0.0)
    above = (low + 4 * mode + high) / 6 - low
    variance = log1p(((high - low) / 6 / above) ** 2)
    return Law(low=low, mu=log(above) - variance / 2, sigma=sqrt(variance))


def draw_lengths(
    durations: Sequence[Duration],
    common: NDArray[np.float64],
    own: NDArray[np.float64],
    share: float,
) -> NDArray[np.float64]:
    """Lengths of the tasks on each day, (D, N) minutes.

    common : (D,) standard normals, one for each day; own : (D, N), one for each task of it
    share : part of the variance of each task's normal that all tasks of a day have in common
    """
    laws = [fit_law(each.low, each.mode, each.high) for each in durations]
    low, mu, sigma = (
        np.array([getattr(law, name) for law in laws]) for name in ("low", "mu", "sigma")
    )
    normal = sqrt(share) * common[:, None] + sqrt(1.0 - share) * own
    return np.asarray(low + np.where(sigma > 0, np.exp(mu + sigma * normal), 0.0))
