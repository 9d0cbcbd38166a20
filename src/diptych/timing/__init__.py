"""When to operate: growth, season, lead times and waiting, as a curve with reasons for both."""

from diptych.timing.growth import GrowthCurve, interpolate_lms
from diptych.timing.operating import window
from diptych.timing.policy import TimingPolicy
from diptych.timing.season import postponement_probability, season_index

__all__ = [
    "GrowthCurve",
    "TimingPolicy",
    "interpolate_lms",
    "postponement_probability",
    "season_index",
    "window",
]
