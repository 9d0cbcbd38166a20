"""Whether the way out for a dying twin's sister or brother is staffed. Made by contingencies."""

from dataclasses import dataclass

from diptych.model.ids import TwinId
from diptych.model.units import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyGap:
    """Minutes of a step from which the shortest safe completion would lack people or kit.

    missing : what is asked for and how much of it there is, in words
    """

    start: Minute
    end: Minute
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCover:
    """One step of the day and one dying twin: can the emergency path be staffed?

    minutes : how long the step lies in the plan; staffed : of these, from how many the team
        is there in time and people with its skills stay to the end of the path
    longest : minutes that the path may take at most
    """

    step: str
    title: str
    dying: TwinId
    longest: Minute
    minutes: int
    staffed: int
    gaps: tuple[EmergencyGap, ...]
