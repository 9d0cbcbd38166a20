"""Opens a case: two twins, whose series are whose, one frame of reference; refuses any doubt."""

from diptych.intake.brief import CaseFile, SeriesEntry, TwinEntry, parse_case_file
from diptych.intake.opening import open_case
from diptych.intake.template import compose_case_file

__all__ = [
    "CaseFile",
    "SeriesEntry",
    "TwinEntry",
    "compose_case_file",
    "open_case",
    "parse_case_file",
]
