"""How bright each tissue is in each contrast: CT values and MR signals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.head import FLUID, GREY, WHITE
from diptych.demonstration.order import PairOrder

CONTRASTS = ("plain", "venous", "arterial", "t1", "mrv")
"""CT without contrast, CT venous and arterial (HU); T1 without and with contrast (a signal of
about 150 in brain). In the arterial phase veins are faint, in the venous phase arteries are
still half full: only where a vessel goes tells which it is."""
Values = NDArray[np.float64]
Material = tuple[float, float, float, float, float]

AIR: Material = (-1000.0, -1000.0, -1000.0, 0.0, 0.0)
SOFT: Material = (40.0, 48.0, 46.0, 230.0, 190.0)
SKULL: Material = (620.0, 620.0, 620.0, 14.0, 18.0)
FIBROUS: Material = (60.0, 72.0, 66.0, 70.0, 90.0)
SHEATH: Material = (55.0, 95.0, 70.0, 80.0, 190.0)
CSF: Material = (FLUID, FLUID, FLUID, 38.0, 34.0)
BLOOD: Material = (48.0, 208.0, 82.0, 60.0, 520.0)
ARTERY: Material = (48.0, 150.0, 330.0, 45.0, 430.0)

_BRAIN_GAINS: Material = (0.0, 4.0, 3.0, 0.0, 0.0)
_GREY_SIGNAL = 150.0
_OLD_WHITE, _YOUNG_WHITE = 185.0, 132.0
"""T1 signal of white matter: in the newborn below that of grey, later above it; at 6 to 8 months
the two are hardly told apart (Wang 2012, doi:10.1371/journal.pone.0044596)."""
_OUTSIDE_HU = (-1000.0, -300.0, -60.0, 45.0, 180.0, 420.0)
_OUTSIDE_SIGNAL = (0.0, 30.0, 270.0, 140.0, 70.0, 20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The contrasts of a pair, and tissues as columns (C, 1) or (C, N) of their values."""

    contrasts: tuple[str, ...]
    white: float

    @classmethod
    def of(cls, order: PairOrder) -> "Palette":
        """Of an order: always both first CT contrasts, others where they are asked for."""
        more = {"venous": (), "arterial": ("arterial",), "both": ("arterial",)}[order.phase]
        scans = ("t1", "mrv") if order.modality == "MR" else ()
        white = np.interp(order.age, [0.0, 3.0, 7.5, 14.0], [-1.0, -0.7, 0.0, 1.0])
        span = _OLD_WHITE - _GREY_SIGNAL if white > 0 else _GREY_SIGNAL - _YOUNG_WHITE
        return cls(
            contrasts=("plain", "venous", *more, *scans),
            white=_GREY_SIGNAL + float(white) * span,
        )

    @property
    def _rows(self) -> list[int]:
        return [CONTRASTS.index(name) for name in self.contrasts]

    @property
    def air(self) -> Values:
        """Values of air, (C, 1)."""
        return self.take(AIR)

    def take(self, material: Material) -> Values:
        """Values of a material, (C, 1)."""
        return np.array(material)[self._rows][:, None]

    def take_brain(self, value: Values) -> Values:
        """Values (C, N) of brain and CSF whose CT values are `value` (N,)."""
        gain = np.clip((value - FLUID) / 20.0, 0.0, 1.0)
        fluid, half = CSF[3], 0.5 * (CSF[3] + _GREY_SIGNAL)
        signal = np.interp(
            value,
            [FLUID, 0.5 * (FLUID + GREY), WHITE - 1.0, WHITE, GREY],
            [fluid, half, 0.8 * self.white, self.white, _GREY_SIGNAL],
        )
        return np.stack(
            [
                (1.0 if row == 3 else 0.75) * signal
                if row >= 3
                else value + _BRAIN_GAINS[row] * gain
                for row in self._rows
            ]
        )

    def take_outside(self, value: Values) -> Values:
        """Values (C, N) of face and base whose CT values are `value` (N,)."""
        signal = np.interp(value, _OUTSIDE_HU, _OUTSIDE_SIGNAL)
        return np.stack([signal if row >= 3 else value for row in self._rows])
