"""Tissues of whatever heads an image shows, one or two: what the rest of the part builds on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.certainty import rate_tissues
from diptych.anatomy.given import adopt_labels
from diptych.anatomy.images import Images, read_volumes
from diptych.anatomy.metal import find_metal
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.tissues import Compartments, find_compartments, label_tissues
from diptych.model import Case, Volume

DEFAULT_POLICY = AnatomyPolicy()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadTissues:
    """tissues : Volume of `Tissue` codes, uint8; confidence : Volume of per cent, uint8;
    notes : what the images cannot show, in words.
    """

    tissues: Volume
    confidence: Volume
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmented:
    """Compartments, `Tissue` codes and their confidence (per cent) inside the box; notes."""

    parts: Compartments
    codes: NDArray[np.uint8]
    sure: NDArray[np.uint8]
    notes: tuple[str, ...]


def segment(images: Images, policy: AnatomyPolicy, labels: Volume | None = None) -> Segmented:
    """Tissues from the images, and from labels made elsewhere where they are given."""
    parts = find_compartments(images, policy)
    codes = label_tissues(images, parts, policy)
    sure = rate_tissues(images, parts, codes, policy)
    notes = images.notes
    if labels is not None:
        adopted = adopt_labels(images, parts, codes, labels)
        adopted.rate(sure)
        parts, codes = adopted.parts, adopted.codes
        notes += adopted.notes(images, labels)
    metal = find_metal(images)
    metal.spoil(sure)
    return Segmented(parts=parts, codes=codes, sure=sure, notes=(*notes, *metal.notes))


def find_tissues(
    volumes: Mapping[str, Volume],
    *,
    policy: AnatomyPolicy = DEFAULT_POLICY,
    labels: Volume | None = None,
    name: str = "head",
) -> HeadTissues:
    """Tissues of the one head or the joined heads that the series show.

    volumes : by role ("ct", "mr", "ctv", "cta", "mrv", "mra"), all on one grid
    labels : tissues labelled elsewhere: `Tissue` codes on that grid, `UNSAID` elsewhere
    Raises InputError when no series shows skull and brain, or none is found in it.
    """
    images = read_volumes(volumes, policy, name)
    found = segment(images, policy, labels)
    percent = np.full(images.grid.shape, 100, dtype=np.uint8)
    percent[images.box] = found.sure
    return HeadTissues(
        tissues=images.grid.on_this_grid(
            images.unbox(found.codes), source=f"tissues of {images.grid.source}"
        ),
        confidence=images.grid.on_this_grid(
            percent, source=f"confidence of the tissues of {images.grid.source}, percent"
        ),
        notes=found.notes,
    )


class BuiltInSegmenter:
    """The segmenter that Diptych brings; the plug point is "diptych.segmenters"."""

    def segment(self, case: Case) -> NDArray[np.uint8]:
        """`Tissue` codes on the grid of the case, (I, J, K) uint8."""
        found = find_tissues(
            {entry.role: entry.volume for entry in case.volumes}, name=f"case {case.id}"
        )
        return found.tissues.voxels.astype(np.uint8)
