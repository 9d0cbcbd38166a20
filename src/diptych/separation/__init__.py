"""Where to cut, what crosses the cut, who keeps it, and what must be covered."""

from diptych.separation.plan import plan
from diptych.separation.policy import SeparationPolicy

__all__ = ["SeparationPolicy", "plan"]
