"""How long a task takes: a three-parameter log-normal with the moments of its three figures."""

from dataclasses import dataclass
from math import log, log1p, sqrt

from diptych.model import Duration

FIXED = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthLaw:
    """Length = low + exp(mu + sigma * standard normal), minutes; sigma below 0: always low."""

    low: float
    mu: float
    sigma: float


def fit_length(duration: Duration) -> LengthLaw:
    """The log-normal that starts at `low` and has PERT's mean and standard deviation.

    Mean (low + 4 mode + high) / 6 and deviation (high - low) / 6 are those of Malcolm et al.
    1959 (doi 10.1287/opre.7.5.646); that lengths in theatre follow a three-parameter
    log-normal is the finding of Stepaniak et al. (Anesthesia & Analgesia 2009). About one in a
    hundred comes out longer than `high`. A task whose low and high agree always takes that long.
    """
    low, span = float(duration.low), float(duration.high - duration.low)
    if span == 0:
        return LengthLaw(low=low, mu=0.0, sigma=FIXED)
    above = (low + 4 * duration.mode + duration.high) / 6 - low
    variance = log1p((span / 6 / above) ** 2)
    return LengthLaw(low=low, mu=log(above) - variance / 2, sigma=sqrt(variance))
