"""The choices of the anatomy part that are methods, not medicine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomyPolicy:
    """Thresholds of the image analysis, in the images' own units.

    air : HU below which a voxel is air (half-way between air and soft tissue)
    bone : HU above which a voxel is bone; low, for infant bone is thinner than a voxel
    fluid : HU below which a voxel of the cavity is CSF
    blood : rise in HU from "ct" to "ctv" above which a voxel may be a vessel
    blood_core : rise that a vessel must reach somewhere
    dura_rise : rise in HU at which half of a sheet is taken for dura
    throat : mm; openings of the skull with a smaller radius count as closed
    segmenter : name of an installed segmenter whose labels are laid over what the images
        show; "" for none
    shape_axes_uncertainty : stated standard deviation (degrees) of axes that are
        estimated from the head's shape because nobody marked the Frankfurt points
    """

    air: float = -480.0
    bone: float = 210.0
    fluid: float = 22.0
    blood: float = 72.0
    blood_core: float = 105.0
    dura_rise: float = 20.0
    throat: float = 13.0
    shape_axes_uncertainty: float = 25.0
    segmenter: str = ""
