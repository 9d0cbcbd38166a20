"""Labels made elsewhere, laid over what the images show; where they disagree, that is told."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.images import Images, Mask
from diptych.anatomy.tissues import Compartments
from diptych.kernels.distance import measure_distance
from diptych.model import InputError, Tissue, Volume

UNSAID = 255
"""Code of a label volume where it says nothing of the tissue."""
LEAST_INSIDE = 0.8
"""Share of the labelled tissue that must lie in the heads: less is another grid or patient."""
AGREED, DISPUTED = 90, 50
WITHIN = (int(Tissue.DURA), int(Tissue.CSF), int(Tissue.BRAIN))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adopted:
    """Compartments and codes with the labels laid over; where they were said and disputed."""

    parts: Compartments
    codes: NDArray[np.uint8]
    said: Mask
    disputed: Mask

    def rate(self, sure: NDArray[np.uint8]) -> None:
        """Sets the confidence (per cent) of labelled voxels in place."""
        sure[self.said] = np.maximum(sure[self.said], AGREED)
        sure[self.disputed] = DISPUTED

    def notes(self, images: Images, labels: Volume) -> tuple[str, ...]:
        """What was taken over, and where image and labels disagree."""
        amount = float(self.said.sum()) * images.voxel_ml
        apart = float(self.disputed.sum()) * images.voxel_ml
        return (
            f"tissues of {amount:.0f} ml were taken from {labels.source}; in {apart:.0f} ml of it"
            f" the images themselves show another tissue: there the confidence is {DISPUTED} %",
        )


def adopt_labels(
    images: Images, found: Compartments, codes: NDArray[np.uint8], labels: Volume
) -> Adopted:
    """What was found, corrected by labels on the grid of the case.

    labels : `Tissue` codes, `UNSAID` where they say nothing
    Raises InputError when they lie on another grid or not on the heads.
    """
    given = _boxed(images, labels)
    said = given != UNSAID
    _require_on_heads(images, given, said, labels.source)
    result = np.where(said, given, codes).astype(np.uint8)
    within = np.isin(given, WITHIN)
    outside = said & ~within & (given != Tissue.VESSEL)
    bone = (found.bone & ~said) | (given == Tissue.BONE)
    cavity = ((found.cavity & ~outside) | within) & ~bone
    vessel = (found.vessel & ~said) | (given == Tissue.VESSEL)
    parts = replace(
        found,
        bone=bone,
        cavity=cavity,
        vessel=vessel,
        depth=measure_distance(~bone, images.spacing),
        lumps=np.where(cavity, found.lumps, 0).astype(np.int32),
    )
    disputed = said & (given != codes) & (images.body | (given != Tissue.AIR))
    return Adopted(parts=parts, codes=result, said=said, disputed=disputed)


def _boxed(images: Images, labels: Volume) -> NDArray[np.uint8]:
    if not labels.same_grid(images.grid):
        raise InputError(
            f"{labels.source}: labels of {labels.shape} voxels do not lie on the grid of"
            f" {images.grid.source} ({images.grid.shape})",
            remedy="give labels of this case; they are laid on its grid when they are read",
        )
    return labels.voxels[images.box].astype(np.uint8)


def _require_on_heads(images: Images, given: NDArray[np.uint8], said: Mask, source: str) -> None:
    tissue = said & (given != Tissue.AIR)
    if not tissue.any():
        raise InputError(
            f"{source}: no voxel of the heads has a label that stands for a tissue",
            remedy="check the label table: its names must be ones that `diptych list labels`"
            " knows, or give the tissue in a column of its own",
        )
    share = float(images.body[tissue].mean())
    if share < LEAST_INSIDE:
        raise InputError(
            f"{source}: only {share:.0%} of the labelled tissue lies in the heads, expected at"
            f" least {LEAST_INSIDE:.0%}",
            remedy="check that the labels were made from these images, with the same left and"
            " right, and not moved since",
        )
