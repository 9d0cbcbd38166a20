"""What is there, whose it is, and how blood leaves each brain: images in, `Anatomy` out."""

from diptych.anatomy.mapping import map_anatomy
from diptych.anatomy.policy import AnatomyPolicy

__all__ = ["AnatomyPolicy", "map_anatomy"]
