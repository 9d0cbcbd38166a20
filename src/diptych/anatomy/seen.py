"""What was seen in the images of a case before people speak, and how to keep it small."""

from dataclasses import dataclass, replace

import numpy as np

from diptych.anatomy.heads import Segmented
from diptych.anatomy.images import FloatGrid, Images
from diptych.anatomy.ownership import Sides
from diptych.anatomy.territory import Territory
from diptych.anatomy.vessels import Tree
from diptych.model import Case, InputError, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """All that the images say: no correction of owners changes it.

    sides : by the images alone; tree : the vessels, whoever owns them
    """

    images: Images
    found: Segmented
    territory: Territory
    sides: Sides
    tree: Tree


def leave_images(seen: Seen, case: Case) -> Seen:
    """The same without the voxels that the case itself holds; `fill_images` puts them back."""
    images, parts = seen.images, seen.found.parts
    nothing = np.zeros((0, 0, 0), dtype=np.float32)
    if np.array_equal(parts.rise, images.venous - images.plain):
        parts = replace(parts, rise=nothing)
    plain, venous = _series_of(images, case)
    left = replace(
        images,
        plain=nothing if np.array_equal(images.plain, plain) else images.plain,
        venous=nothing if np.array_equal(images.venous, venous) else images.venous,
        grid=replace(images.grid, voxels=images.grid.voxels[:1, :1, :1]),
    )
    return replace(seen, images=left, found=replace(seen.found, parts=parts))


def fill_images(kept: Seen, case: Case) -> Seen:
    """What `leave_images` was given, from what it returned and the same case."""
    images, parts = kept.images, kept.found.parts
    plain, venous = _series_of(images, case)
    images = replace(
        images,
        plain=images.plain if images.plain.size else plain,
        venous=images.venous if images.venous.size else venous,
        grid=_volume_of(images.roles[0], case),
    )
    if not parts.rise.size:
        parts = replace(parts, rise=images.venous - images.plain)
    return replace(kept, images=images, found=replace(kept.found, parts=parts))


def _series_of(images: Images, case: Case) -> tuple[FloatGrid, FloatGrid]:
    """The values of the series that were read, inside the box, as they are in the case."""
    first, last = (_volume_of(images.roles[n], case).voxels[images.box] for n in (0, -1))
    return np.ascontiguousarray(first, np.float32), np.ascontiguousarray(last, np.float32)


def _volume_of(role: str, case: Case) -> Volume:
    found = next((entry.volume for entry in case.volumes if entry.role == role), None)
    if found is None:
        raise InputError(
            f"case {case.id} has no series {role} any more", remedy="map the anatomy again"
        )
    return found
