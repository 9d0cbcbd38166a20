"""What can go wrong on the day: the proof of who answers, and the day lived ten thousand times."""

from diptych.contingencies.catalogue import read_hazards
from diptych.contingencies.certificate import check_certificate
from diptych.contingencies.emergency import staff_emergency
from diptych.contingencies.lookahead import look_ahead, prepare
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.proof import prove_coverage, prove_sets
from diptych.contingencies.rehearsal import simulate
from diptych.contingencies.setcheck import check_sets

__all__ = [
    "AnswerPolicy",
    "check_certificate",
    "check_sets",
    "look_ahead",
    "prepare",
    "prove_coverage",
    "prove_sets",
    "read_hazards",
    "simulate",
    "staff_emergency",
]
