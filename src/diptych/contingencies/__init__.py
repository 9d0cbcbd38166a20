"""What can go wrong on the day: the proof of who answers, and the day lived ten thousand times."""

from diptych.contingencies.catalogue import read_hazards
from diptych.contingencies.certificate import check_certificate
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.proof import prove_coverage
from diptych.contingencies.rehearsal import simulate

__all__ = ["AnswerPolicy", "check_certificate", "prove_coverage", "read_hazards", "simulate"]
