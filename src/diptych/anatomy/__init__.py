"""What is there, whose it is, and how blood leaves each brain: images in, `Anatomy` out."""

from diptych.anatomy.corrections import OLD_INTERVALS
from diptych.anatomy.given import UNSAID
from diptych.anatomy.heads import BuiltInSegmenter, HeadTissues, find_tissues
from diptych.anatomy.mapping import divide_seen, map_anatomy, see_case
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.seen import Seen, fill_images, leave_images

__all__ = [
    "OLD_INTERVALS",
    "UNSAID",
    "AnatomyPolicy",
    "BuiltInSegmenter",
    "HeadTissues",
    "Seen",
    "divide_seen",
    "fill_images",
    "find_tissues",
    "leave_images",
    "map_anatomy",
    "see_case",
]
