"""How much a course turns where it runs on from one branch into another."""

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.vessels import Branch

LOOK_MM = 6.0

Points = NDArray[np.float64]


def measure_turn(a: Branch, a_last: bool, b: Branch, b_last: bool) -> float:
    """Degrees that a course turns from one branch over the gap into the other.

    Read a calibre away from the meeting place, for nearer to it lines are bent.
    """
    inner_a, inward = _leaving(a, a_last)
    inner_b, outward = _leaving(b, b_last)
    gap = inner_b - inner_a
    if float(np.linalg.norm(gap)) < 1e-6:
        return _angle(inward, -outward)
    return _angle(inward, gap) + _angle(gap, -outward)


def _leaving(branch: Branch, from_end: bool) -> tuple[Points, Points]:
    """A point a calibre into the branch, and the direction from further in towards it."""
    path = branch.path[::-1] if from_end else branch.path
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    near = min(branch.calibre, 0.4 * float(along[-1]))
    far = min(near + LOOK_MM, float(along[-1]))
    inner, outer = (
        np.array([np.interp(where, along, path[:, axis]) for axis in range(3)])
        for where in (near, far)
    )
    return inner, inner - outer


def _angle(a: Points, b: Points) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = float(a @ b) / size if size > 0.0 else 1.0
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
