"""The choices of the separation part that are methods, not medicine."""

from dataclasses import dataclass

from diptych.model import require


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparationPolicy:
    """Which plans to compute and how finely.

    preferences : of "balanced", "A" (kinder to A) and "B"; "balanced" must be among them
    cost_scale : integer capacity units for a cost of 1 (dura)
    seed_confidence : ownership confidence (0..100) from which a voxel may be a seed
    neighbours : 6 or 26, of the minimum cut
    points : of the front, an odd number from 3 on; the middle one is the balanced cut
    """

    preferences: tuple[str, ...] = ("balanced", "A", "B")
    cost_scale: int = 64
    seed_confidence: int = 60
    neighbours: int = 6
    points: int = 21

    def __post_init__(self) -> None:
        require(
            "balanced" in self.preferences and set(self.preferences) <= {"balanced", "A", "B"},
            f"preferences are {', '.join(self.preferences)}, expected balanced and any of A, B",
            remedy='use preferences = ["balanced", "A", "B"]',
        )
        require(
            3 <= self.points <= 201 and self.points % 2 == 1,
            f"points is {self.points}, expected an odd number from 3 to 201",
            remedy="use 21",
        )
        require(
            1 <= self.cost_scale <= 4096,
            f"cost_scale is {self.cost_scale}, expected 1 to 4096",
            remedy="use 64",
        )
