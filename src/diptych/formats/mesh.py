"""Surfaces as binary STL for printing. STL has no unit: the numbers are millimetres."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_RECORD = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_stl(
    path: Path, vertices: NDArray[np.float64], faces: NDArray[np.int64], *, title: str
) -> None:
    """Writes triangles as binary STL; `title` (ASCII, 80 bytes at most) says what it is."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    records = np.zeros(len(faces), dtype=_RECORD)
    records["normal"] = normals / np.where(lengths > 0, lengths, 1.0)
    records["corners"] = corners
    header = title.encode("ascii", "replace")[:80].ljust(80)
    count = np.array(len(faces), dtype="<u4").tobytes()
    path.write_bytes(header + count + records.tobytes())


def read_stl(path: Path) -> NDArray[np.float32]:
    """Corners (M, 3, 3) of the triangles of a binary STL file."""
    content = path.read_bytes()
    count = int(np.frombuffer(content, "<u4", count=1, offset=80)[0])
    records = np.frombuffer(content, _RECORD, count=count, offset=84)
    corners: NDArray[np.float32] = records["corners"].astype(np.float32)
    return corners
