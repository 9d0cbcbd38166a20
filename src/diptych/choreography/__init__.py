"""Who does what, where, each minute: from the plan and the roster to a checked schedule.

Importing this package does not import the solver library; `solve` does so when called.
"""

from diptych.choreography.arrange import arrange
from diptych.choreography.check import check
from diptych.choreography.compose import compose
from diptych.choreography.conflict import require_skills
from diptych.choreography.explain import explain
from diptych.choreography.manuscript import write_procedure
from diptych.choreography.policy import ChoreographyPolicy, clock_text
from diptych.choreography.roster import read_roster
from diptych.choreography.script import read_procedure
from diptych.choreography.script_words import read_words
from diptych.choreography.solve import solve

__all__ = [
    "ChoreographyPolicy",
    "arrange",
    "check",
    "clock_text",
    "compose",
    "explain",
    "read_procedure",
    "read_roster",
    "read_words",
    "require_skills",
    "solve",
    "write_procedure",
]
