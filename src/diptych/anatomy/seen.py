"""What was seen in the images of a case before people speak, and how to keep it small."""

from dataclasses import dataclass, fields, replace

import numpy as np

from diptych.anatomy.arteries import Circulation
from diptych.anatomy.heads import Segmented
from diptych.anatomy.images import FloatGrid, Images
from diptych.anatomy.ownership import Sides
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Tree
from diptych.model import Case, InputError, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """All that the images say: no correction of owners changes it.

    found : its parts hold the vessels of both kinds; blood : which are veins, and which arteries
    sides : by the images alone; tree, feeding : veins and arteries, whoever owns them
    """

    images: Images
    found: Segmented
    territory: Territory
    sides: Sides
    blood: Circulation
    tree: Tree
    feeding: Tree


NOTHING = np.zeros((0, 0, 0), dtype=np.float32)


def leave_images(seen: Seen, case: Case) -> Seen:
    """The same without what the case itself holds, and without what is in it twice;
    `fill_images` puts it back.
    """
    images, parts = seen.images, seen.found.parts
    plain, venous = _series_of(images, case)
    left = replace(
        images,
        plain=NOTHING if np.array_equal(images.plain, plain) else images.plain,
        venous=NOTHING if np.array_equal(images.venous, venous) else images.venous,
        grid=replace(images.grid, voxels=images.grid.voxels[:1, :1, :1]),
    )
    blood = seen.blood
    blood = replace(
        blood,
        veins=_leave_twice(blood.veins, parts, None),
        arteries=blood.arteries and _leave_twice(blood.arteries, parts, images.arterial),
    )
    if np.array_equal(parts.rise, images.rise):
        parts = replace(parts, rise=NOTHING)
    return replace(seen, images=left, found=replace(seen.found, parts=parts), blood=blood)


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
        parts = replace(parts, rise=images.rise)
    blood = kept.blood
    blood = replace(
        blood,
        veins=_fill_twice(blood.veins, parts, None),
        arteries=blood.arteries and _fill_twice(blood.arteries, parts, images.arterial),
    )
    return replace(kept, images=images, found=replace(kept.found, parts=parts), blood=blood)


def _leave_twice(part: Compartments, whole: Compartments, rise: FloatGrid | None) -> Compartments:
    """The compartments without arrays that are those of `whole` or `rise` themselves."""
    same = {
        field.name: NOTHING.astype(value.dtype)
        for field in fields(part)
        for value in (getattr(part, field.name),)
        if isinstance(value, np.ndarray) and (value is getattr(whole, field.name) or value is rise)
    }
    return replace(part, **same)


def _fill_twice(part: Compartments, whole: Compartments, rise: FloatGrid | None) -> Compartments:
    empty = {
        field.name: getattr(whole, field.name)
        for field in fields(part)
        if (value := getattr(part, field.name)) is not None and not value.size
    }
    if rise is not None and "rise" in empty:
        empty["rise"] = rise
    return replace(part, **empty)


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
