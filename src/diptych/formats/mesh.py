"""Surfaces as binary STL for printing, and as PLY with an owner for each face; LPS+ mm.

STL has no unit and no owner: the name of the file and its title say them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diptych.model import OWNER_COLOURS, Owner

_RECORD = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_FACE = np.dtype(
    [("count", "u1"), ("corners", "<i4", (3,)), ("owner", "u1"), ("colour", "u1", (3,))]
)


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


def write_ply(
    path: Path,
    vertices: NDArray[np.float64],
    faces: NDArray[np.int64],
    owners: NDArray[np.uint8],
    *,
    comments: Sequence[str] = (),
) -> None:
    """Writes triangles as binary PLY with an owner (`Owner` code) and its colour for each face.

    The colours are those of the owners in every picture. Comments are one line of ASCII each.
    """
    palette = np.zeros((max(Owner) + 1, 3), dtype=np.uint8)
    for owner, colour in OWNER_COLOURS.items():
        palette[owner] = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
    records = np.zeros(len(faces), dtype=_FACE)
    records["count"], records["corners"], records["owner"] = 3, faces, owners
    records["colour"] = palette[owners]
    codes = ", ".join(f"{owner.value} {owner.name}" for owner in Owner)
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        *(f"comment {_plain(text)}" for text in (*comments, "LPS+ mm", f"owner: {codes}")),
        f"element vertex {len(vertices)}",
        *(f"property float {axis}" for axis in "xyz"),
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        *(f"property uchar {name}" for name in ("owner", "red", "green", "blue")),
        "end_header\n",
    ]
    body = vertices.astype("<f4").tobytes() + records.tobytes()
    path.write_bytes("\n".join(lines).encode("ascii") + body)


def _plain(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode("ascii").split())


def read_ply(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.uint8]]:
    """Vertices, faces and owners of a file that `write_ply` wrote."""
    content = path.read_bytes()
    begin = content.index(b"end_header\n") + len(b"end_header\n")
    words = content[:begin].decode("ascii").split()
    counts = [int(words[n + 2]) for n, word in enumerate(words) if word == "element"]
    vertices = np.frombuffer(content, "<f4", count=3 * counts[0], offset=begin).reshape(-1, 3)
    records = np.frombuffer(content, _FACE, count=counts[1], offset=begin + 12 * counts[0])
    return (
        vertices.astype(np.float64),
        records["corners"].astype(np.int64),
        records["owner"].copy(),
    )
