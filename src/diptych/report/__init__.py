"""The dossier that the team reads before operating: a tree of sections and figures."""

from diptych.report.assemble import dossier, tell_banner
from diptych.report.callorder import CALL_COLUMNS, list_calls
from diptych.report.cards import write_cards
from diptych.report.countdown import COUNTDOWN_COLUMNS, list_countdown, write_countdown
from diptych.report.counterexamples import GAP_COLUMNS, list_gap_rows, write_gaps
from diptych.report.crewchart import draw_crew
from diptych.report.drillsheet import write_drills
from diptych.report.duties import DayBook
from diptych.report.gantt import draw_gantt
from diptych.report.inputs import DossierInputs, Readiness
from diptych.report.poster import Poster, compose_poster
from diptych.report.responses import write_responses
from diptych.report.rooms import write_rooms
from diptych.report.shortages import Roll, Shortage, group_gaps, tell_free
from diptych.report.watchlist import SHIFT_COLUMNS, list_shifts, write_hand_overs

__all__ = [
    "CALL_COLUMNS",
    "COUNTDOWN_COLUMNS",
    "GAP_COLUMNS",
    "SHIFT_COLUMNS",
    "DayBook",
    "DossierInputs",
    "Poster",
    "Readiness",
    "Roll",
    "Shortage",
    "compose_poster",
    "dossier",
    "draw_crew",
    "draw_gantt",
    "group_gaps",
    "list_calls",
    "list_countdown",
    "list_gap_rows",
    "list_shifts",
    "tell_banner",
    "tell_free",
    "write_cards",
    "write_countdown",
    "write_drills",
    "write_gaps",
    "write_hand_overs",
    "write_responses",
    "write_rooms",
]
