"""The dossier that the team reads before operating: a tree of sections and figures."""

from diptych.report.assemble import dossier
from diptych.report.duties import DayBook
from diptych.report.inputs import DossierInputs
from diptych.report.poster import Poster, compose_poster

__all__ = ["DayBook", "DossierInputs", "Poster", "compose_poster", "dossier"]
