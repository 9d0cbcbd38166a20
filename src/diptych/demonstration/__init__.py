"""Demonstration pairs: craniopagus twins made from real heads, with ground truth."""

from diptych.demonstration.labels import paint_labels
from diptych.demonstration.order import TYPES, PairOrder
from diptych.demonstration.pair import DemonstrationPair, make_pair
from diptych.demonstration.truth import PairTruth

__all__ = ["TYPES", "DemonstrationPair", "PairOrder", "PairTruth", "make_pair", "paint_labels"]
