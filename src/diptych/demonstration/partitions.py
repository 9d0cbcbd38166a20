"""Falx and tentorium: thin sheets of dura inside one cavity, with fluid along them.

They are false septa: they look like the sheet between the twins and divide nobody.
Heights and depths in mm of an adult head from the middle of its cavity, scaled to the
infant; the tent hangs on the straight sinus and on the transverse sinuses.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.infant import Infant
from diptych.demonstration.sinuses import GALEN

Values = NDArray[np.float64]

_TORCULA = (77.0, -25.0)
_TENT_SLOPE = 0.38
_INCISURE = (17.0, 34.0, -4.0)
"""Half width, half length and middle (y) of the opening for the brain stem, mm."""
_FRONT_DEPTH, _BACK_DEPTH = 20.0, 46.0
"""Depth of the falx in front and above the straight sinus, mm."""


def falx_distance(infant: Infant, source: Values, deep: Values) -> tuple[Values, Values]:
    """Distance, mm, of own points (3, N) at depth `deep` under the inner table to the sheet
    of the falx (either side), and how far they lie beyond its free edge (negative: within).
    """
    size = infant.size
    x, y, z = source
    bow = 1.2 * np.sin(y / 17.0) + 0.8 * np.sin(z / 13.0 + 1.0)
    share = np.clip((y / size + 60.0) / 100.0, 0.0, 1.0)
    reach = size * (_FRONT_DEPTH + (_BACK_DEPTH - _FRONT_DEPTH) * share)
    below = _ridge_height(y, size) - z
    behind = y - size * GALEN[1]
    edge = np.where(behind > 0.0, below, deep - reach)
    return x - bow * size, np.maximum(edge, 0.35 * infant.base - z)


def tent_distance(infant: Infant, source: Values) -> tuple[Values, Values]:
    """The same of the tentorium: distance to the sheet, and beyond its edge."""
    size = infant.size
    x, y, z = source
    height = _ridge_height(y, size) - _TENT_SLOPE * np.abs(x)
    away = (z - height) / np.sqrt(1.0 + 2.0 * _TENT_SLOPE**2)
    half, long, middle = (size * v for v in _INCISURE)
    opening = 1.0 - np.hypot(x / half, (y - middle) / long)
    petrous = -8.0 * size + 0.55 * np.abs(x) - y
    return away, np.maximum(opening * half, petrous)


def _ridge_height(y: Values, size: float) -> Values:
    """Height of the tent in the midline, mm: the course of the straight sinus."""
    fall = (_TORCULA[1] - GALEN[2]) / (_TORCULA[0] - GALEN[1])
    behind = np.maximum(y - size * GALEN[1], -20.0 * size)
    result: Values = size * GALEN[2] + fall * behind
    return result
