"""The anatomy as models: surfaces with an owner for each face, vessels as tubes with facts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.formats.gltf import Part
from diptych.kernels.distance import nearest_index
from diptych.kernels.surface import label_surface
from diptych.kernels.sweep import sweep_tube
from diptych.model import OWNER_COLOURS, Anatomy, Owner, Tissue, Vessel

TISSUES: dict[str, tuple[Tissue, ...]] = {
    "skin": tuple(tissue for tissue in Tissue if tissue is not Tissue.AIR),
    "bone": (Tissue.BONE,),
    "dura": (Tissue.DURA,),
    "brain": (Tissue.BRAIN,),
}
"""Surfaces by name: the outside of all tissue, and those of single tissues."""
ALPHA = {"skin": 0.25, "bone": 0.35, "dura": 0.35, "brain": 1.0}
"""Outer surfaces are clear in a model, so that brains and vessels show."""
VESSEL_COLUMNS = (
    "id",
    "name",
    "name_confidence",
    "kind",
    "owner",
    "confidence",
    "start",
    "end",
    "calibre_mm",
    "least_calibre_mm",
    "greatest_calibre_mm",
    "length_mm",
    "flow_ml_min",
    "flow_low_ml_min",
    "flow_high_ml_min",
    "territory_ml",
)
OWNERS = (Owner.A, Owner.B, Owner.SHARED, Owner.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnedSurface:
    """A surface and whose it is: vertices (N, 3) LPS+ mm, faces (M, 3), owners (M,) uint8."""

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    owners: NDArray[np.uint8]

    def of(self, owner: Owner) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Vertices and faces of what belongs to one owner."""
        faces = self.faces[self.owners == owner]
        used, corners = np.unique(faces, return_inverse=True)
        return self.vertices[used], corners.reshape(-1, 3).astype(np.int64)


def name_mesh(tissue: str, owner: Owner) -> str:
    """The name of what is a tissue of an owner, in files and models: "brain-A", "bone-shared"."""
    return f"{tissue}-{owner.name if owner in (Owner.A, Owner.B) else owner.name.lower()}"


def build_surfaces(anatomy: Anatomy) -> Iterator[OwnedSurface]:
    """The surfaces of TISSUES that occur; a face belongs to the owner of the voxel of the
    tissue that lies nearest to its middle.
    """
    for name, tissues in TISSUES.items():
        mask = np.isin(anatomy.tissues.voxels, tissues)
        if not mask.any():
            continue
        vertices, faces = label_surface(mask, anatomy.tissues.affine)
        middle = anatomy.tissues.to_index(vertices[faces].mean(axis=1))
        place = np.clip(np.rint(middle).astype(np.int64), 0, np.array(mask.shape) - 1)
        i, j, k = (float(length) for length in anatomy.tissues.spacing)
        _, nearest = nearest_index(~mask, (i, j, k))
        owners = anatomy.ownership.voxels.ravel()[nearest[tuple(place.T)]].astype(np.uint8)
        yield OwnedSurface(name=name, vertices=vertices, faces=faces, owners=owners)


def build_bodies(
    anatomy: Anatomy,
) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.int64]]]:
    """Closed surfaces of what each owner has of each tissue, by name; for printing.

    What is thinner than the surface can follow is left out.
    """
    for name, tissues in TISSUES.items():
        mask = np.isin(anatomy.tissues.voxels, tissues)
        for owner in OWNERS:
            mine = mask & (anatomy.ownership.voxels == owner)
            try:
                vertices, faces = label_surface(mine, anatomy.tissues.affine)
            except (ValueError, RuntimeError):  # nothing there, or nothing as thick as a voxel
                continue
            yield name_mesh(name, owner), vertices, faces


def build_parts(anatomy: Anatomy) -> list[Part]:
    """All surfaces by owner, and all vessels, as parts of one model."""
    parts = [
        _surface_part(surface, owner)
        for surface in build_surfaces(anatomy)
        for owner in OWNERS
        if (surface.owners == owner).any()
    ]
    return parts + [_vessel_part(vessel) for vessel in anatomy.vessels.vessels]


def _surface_part(surface: OwnedSurface, owner: Owner) -> Part:
    vertices, faces = surface.of(owner)
    return Part(
        name=name_mesh(surface.name, owner),
        vertices=vertices,
        faces=faces,
        colour=OWNER_COLOURS[owner],
        facts={"tissue": surface.name, "owner": owner.name},
        alpha=ALPHA[surface.name],
    )


def _vessel_part(vessel: Vessel) -> Part:
    vertices, faces = sweep_tube(*_without_repeats(vessel))
    return Part(
        name=f"{vessel.id} {vessel.name}",
        vertices=vertices,
        faces=faces,
        colour=OWNER_COLOURS[vessel.owner],
        facts={"tissue": "vessel"} | tell_vessel(vessel),
    )


def _without_repeats(vessel: Vessel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    moves = np.linalg.norm(np.diff(vessel.path, axis=0), axis=1) > 1e-9
    keep = np.concatenate([[True], moves])
    if keep.sum() < 2:
        keep[-1] = True
    return vessel.path[keep], vessel.radius[keep]


def tell_vessel(vessel: Vessel) -> dict[str, object]:
    """What is known of a vessel, by VESSEL_COLUMNS, in JSON's own types.

    Calibres are diameters of the lumen: the median, the least and the greatest along it.
    """
    values = (
        str(vessel.id),
        vessel.name,
        vessel.name_confidence,
        vessel.kind,
        vessel.owner.name,
        vessel.confidence,
        str(vessel.start),
        str(vessel.end),
        round(float(vessel.calibre), 3),
        round(2.0 * float(vessel.radius.min()), 3),
        round(2.0 * float(vessel.radius.max()), 3),
        round(float(vessel.length), 3),
        round(vessel.flow.value, 4),
        round(vessel.flow.low, 4),
        round(vessel.flow.high, 4),
        round(float(vessel.territory), 3),
    )
    return dict(zip(VESSEL_COLUMNS, values, strict=True))
