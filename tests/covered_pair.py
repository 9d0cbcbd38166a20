"""Two round heads of known size that are joined by a disc, as a case to cover, and its mirror."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from separation_pair import make_anatomy, make_case

from diptych.model import (
    Anatomy,
    Case,
    Crossing,
    MillilitrePerMinute,
    Millimetre,
    Owner,
    Tissue,
    TwinId,
    VesselId,
    Volume,
)

SKIN = 4.0


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Radii of A (x < 0) and B, distance of A's middle from the cut, thickness of bone; mm."""

    a: float = 66.0
    b: float = 72.0
    far: float = 50.0
    bone: float = 4.0
    step: float = 2.0

    @property
    def far_b(self):
        return float(np.sqrt(self.b**2 - self.disc**2))

    @property
    def disc(self):
        """Radius of the disc that joins them."""
        return float(np.sqrt(self.a**2 - self.far**2))


def draw_heads(heads):
    """Tissues, sides and coordinates of the voxels along the axis; the cut is at x = 0."""
    step, wide = heads.step, 2.0 * max(heads.a, heads.b) + 8.0
    before = round((heads.a + heads.far + 6.0) / step)
    after = round((heads.b + heads.far_b + 6.0) / step)
    x = ((np.arange(before + after) - before + 0.5) * step)[:, None, None]
    count = round(wide / step)
    y = (np.arange(count) - (count - 1) / 2.0) * step
    across = y[:, None] ** 2 + y[None, :] ** 2
    away_a, away_b = (
        np.sqrt((x + heads.far) ** 2 + across),
        np.sqrt((x - heads.far_b) ** 2 + across),
    )
    tissues = np.zeros(away_a.shape, dtype=np.uint8)
    layers = ((0.0, Tissue.SKIN), (SKIN, Tissue.BONE), (SKIN + heads.bone, Tissue.BRAIN))
    for depth, tissue in layers:
        tissues[(away_a < heads.a - depth) | (away_b < heads.b - depth)] = tissue
    side = np.where(tissues > 0, np.where(x < 0.0, 1, 2), 0).astype(np.uint8)
    return tissues, side


def volume(voxels, step):
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = [-(n - 1) * step / 2.0 for n in voxels.shape]
    return Volume(
        voxels=voxels, affine=affine, frame_of_reference="1.2.3", modality="SEG", source="test"
    )


def make_pair(heads=None, *, months=(8, 11)) -> tuple[Case, Anatomy, Volume]:
    """Case, anatomy and sides; scanned and operated on at these ages in months (30 days)."""
    heads = heads or Heads()
    tissues, side = draw_heads(heads)
    born = date(2020, 1, 1).toordinal()
    imaged, day = (date.fromordinal(born + 30 * age) for age in months)
    case = make_case()
    brief = replace(
        case.brief,
        born=date.fromordinal(born),
        imaged=imaged,
        earliest_operation=day,
        latest_operation=day,
    )
    anatomy = make_anatomy()
    axes = tuple(
        replace(axis, long=((1.0 if axis.twin is TwinId.A else -1.0), 0.0, 0.0))
        for axis in anatomy.axes
    )
    anatomy = replace(
        anatomy,
        tissues=volume(tissues, heads.step),
        ownership=volume(side.copy(), heads.step),
        confidence=volume(np.full(side.shape, 100, dtype=np.uint8), heads.step),
        axes=axes,
    )
    return replace(case, brief=brief), anatomy, volume(side, heads.step)


def mirror_pair(case, anatomy, side):
    """The same pair with the letters A and B swapped."""
    swap = np.array([0, 2, 1], dtype=np.uint8)
    axes = tuple(
        replace(axis, twin=twin) for axis, twin in zip(anatomy.axes[::-1], TwinId, strict=True)
    )
    twins = tuple(
        replace(twin, id=letter) for twin, letter in zip(case.twins[::-1], TwinId, strict=True)
    )
    other = side.on_this_grid(swap[side.voxels], source="mirror")
    mirrored = replace(
        anatomy, ownership=side.on_this_grid(swap[side.voxels], source="mirror"), axes=axes
    )
    return replace(case, twins=twins), mirrored, other


def make_crossings(calibres, keepers):
    """Severed vessels in clamp order with these calibres (mm) and keepers ("ABAB")."""
    return tuple(
        Crossing(
            order=order,
            vessel=VesselId(f"V-{order}"),
            name=f"vein {order}",
            kind="vein",
            owner=Owner.SHARED,
            position=(0.0, 0.0, 0.0),
            calibre=Millimetre(calibre),
            flow=MillilitrePerMinute(10.0),
            keeper=TwinId(keeper),
            rule="test",
        )
        for order, (calibre, keeper) in enumerate(zip(calibres, keepers, strict=True), start=1)
    )
