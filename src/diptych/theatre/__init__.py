"""The live day: a command is decided into an event, events fold into the board."""

from diptych.theatre.commands import Kind, Refusal
from diptych.theatre.daytime import minute_of, minute_zero
from diptych.theatre.decide import decide
from diptych.theatre.evolve import evolve, in_force
from diptych.theatre.forecast import Forecast, TaskForecast, follow, forecast

__all__ = [
    "Forecast",
    "Kind",
    "Refusal",
    "TaskForecast",
    "decide",
    "evolve",
    "follow",
    "forecast",
    "in_force",
    "minute_of",
    "minute_zero",
]
