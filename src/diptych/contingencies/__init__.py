"""What can go wrong on the day: the proof of who answers, and the day lived ten thousand times."""

from diptych.contingencies.catalogue import read_hazards
from diptych.contingencies.certificate import check_certificate
from diptych.contingencies.drills import rank_drills
from diptych.contingencies.emergency import staff_emergency
from diptych.contingencies.first_pairs import FirstPair, answer_pairs, read_first_pairs
from diptych.contingencies.lookahead import look_ahead, prepare
from diptych.contingencies.mending import mend_gap
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.proof import prove_coverage, prove_sets
from diptych.contingencies.rehearsal import simulate
from diptych.contingencies.reserve import design_reserve
from diptych.contingencies.reserve_policy import ReservePolicy, read_reserve_policy
from diptych.contingencies.setcheck import check_sets
from diptych.contingencies.standby import apply_reserve
from diptych.contingencies.thin import find_pillars, find_thin

__all__ = [
    "AnswerPolicy",
    "FirstPair",
    "ReservePolicy",
    "answer_pairs",
    "apply_reserve",
    "check_certificate",
    "check_sets",
    "design_reserve",
    "find_pillars",
    "find_thin",
    "look_ahead",
    "mend_gap",
    "prepare",
    "prove_coverage",
    "prove_sets",
    "rank_drills",
    "read_first_pairs",
    "read_hazards",
    "read_reserve_policy",
    "simulate",
    "staff_emergency",
]
