"""A grid in slabs: what is worked out on one slab after another never takes a whole grid's room."""

from collections.abc import Iterator

VOXELS = 1 << 18
"""Of a slab, about: what is worked out on so many stays in a processor's cache."""


def cut_slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices along the first axis, in order, that cover a grid (I, J, K); none is empty.

    They have about VOXELS voxels each, or one plane where a plane has more.
    """
    planes, rows, columns = shape
    thick = max(1, VOXELS // max(1, rows * columns))
    for start in range(0, planes, thick):
        yield slice(start, min(start + thick, planes))
