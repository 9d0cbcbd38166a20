"""The dossier that the team reads before operating: a tree of sections and figures."""

from diptych.report.assemble import dossier, tell_banner
from diptych.report.cards import write_cards
from diptych.report.crewchart import draw_crew
from diptych.report.duties import DayBook
from diptych.report.gantt import draw_gantt
from diptych.report.inputs import DossierInputs
from diptych.report.poster import Poster, compose_poster
from diptych.report.rooms import write_rooms
from diptych.report.watchlist import SHIFT_COLUMNS, list_shifts, write_hand_overs

__all__ = [
    "SHIFT_COLUMNS",
    "DayBook",
    "DossierInputs",
    "Poster",
    "compose_poster",
    "dossier",
    "draw_crew",
    "draw_gantt",
    "list_shifts",
    "tell_banner",
    "write_cards",
    "write_hand_overs",
    "write_rooms",
]
