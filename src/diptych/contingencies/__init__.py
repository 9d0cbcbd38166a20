"""What can go wrong on the day: the proof of who answers, and the day lived ten thousand times."""

from diptych.contingencies.catalogue import read_hazards
from diptych.contingencies.certificate import check_certificate
from diptych.contingencies.drills import rank_drills
from diptych.contingencies.first_pairs import FirstPair, answer_pairs, read_first_pairs
from diptych.contingencies.mending import mend_gap
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.proof import prove_coverage
from diptych.contingencies.rehearsal import simulate
from diptych.contingencies.reserve import design_reserve
from diptych.contingencies.reserve_policy import ReservePolicy, read_reserve_policy
from diptych.contingencies.standby import apply_reserve
from diptych.contingencies.thin import find_pillars, find_thin

__all__ = [
    "AnswerPolicy",
    "FirstPair",
    "ReservePolicy",
    "answer_pairs",
    "apply_reserve",
    "check_certificate",
    "design_reserve",
    "find_pillars",
    "find_thin",
    "mend_gap",
    "prove_coverage",
    "rank_drills",
    "read_first_pairs",
    "read_hazards",
    "read_reserve_policy",
    "simulate",
]
