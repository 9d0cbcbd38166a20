"""Reads the head CT that Debian's invesalius-examples brings, from the bytes of its parts."""

import plistlib
from collections.abc import Mapping

import numpy as np

from diptych.model import Volume
from diptych.model.checks import require

MATRIX_NAME = "matrix.dat"
PLIST_NAME = "main.plist"
SOURCE = "the head CT that Debian's invesalius-examples brings"


def read_cranium(parts: Mapping[str, bytes]) -> Volume:
    """The CT in an InVesalius project: `parts` maps the names of the archive's members (a
    tar.gz such as Cranium.inv3) to their bytes.

    The matrix is int16 HU in the order z, y, x with y towards the front; the file does not
    prove left and right. InputError when a part is missing or has another size.
    """
    names = {name.rsplit("/", 1)[-1]: name for name in sorted(parts)}
    for wanted in (MATRIX_NAME, PLIST_NAME):
        require(
            wanted in names,
            f"the InVesalius project has no {wanted}; it has {', '.join(names) or 'nothing'}",
            remedy="give the file Cranium.inv3 as the package invesalius-examples brings it",
        )
    facts = plistlib.loads(parts[names[PLIST_NAME]])
    matrix = facts.get("matrix", {})
    shape = tuple(int(n) for n in matrix.get("shape", ()))
    spacing = tuple(float(s) for s in facts.get("spacing", ()))
    content = parts[names[MATRIX_NAME]]
    require(
        len(shape) == 3 and len(spacing) == 3 and len(content) == 2 * int(np.prod(shape)),
        f"the InVesalius matrix has {len(content)} bytes, shape {shape} and spacing {spacing},"
        " expected int16 in three axes",
        remedy="give the file Cranium.inv3 as the package invesalius-examples brings it",
    )
    values = np.frombuffer(content, dtype="<i2").reshape(shape).transpose(2, 1, 0)
    affine = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    return Volume(
        voxels=values,
        affine=affine,
        frame_of_reference="2.25.108256256",
        modality="CT",
        source=SOURCE,
    )
