"""What is there, whose it is, and how blood leaves each brain: images in, `Anatomy` out."""

from diptych.anatomy.given import UNSAID
from diptych.anatomy.heads import BuiltInSegmenter, HeadTissues, find_tissues
from diptych.anatomy.mapping import map_anatomy
from diptych.anatomy.policy import AnatomyPolicy

__all__ = [
    "UNSAID",
    "AnatomyPolicy",
    "BuiltInSegmenter",
    "HeadTissues",
    "find_tissues",
    "map_anatomy",
]
