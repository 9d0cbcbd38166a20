"""Three-dimensional pictures: the pair, the pair opened, the halves, and the vessels."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from diptych.kernels.render import Layer, View, render_layers, smooth_mask
from diptych.kernels.tubes import draw_tubes
from diptych.model import Owner, Tissue, TwinId, VesselNetwork
from diptych.report.scene import (
    TISSUE_COLOURS,
    Scene,
    aim_camera,
    find_interface,
    frame_points,
    paint_owners,
    paint_tissues,
)

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float64]
INNER = [int(tissue) for tissue in (Tissue.DURA, Tissue.CSF, Tissue.BRAIN, Tissue.VESSEL)]
OPEN_ANGLE = 58.0
LEAST_TUBE = 0.9
"""Least radius, in voxels, at which a vessel is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A rendered image, (H, W, 4) uint8, and the camera that it was taken with."""

    image: Image
    view: View


def render_pair(scene: Scene, width: int) -> Picture:
    """The pair from the side, skin in the colours of the owners."""
    view = aim_camera(scene, 0.0, width)
    body = Layer(
        level=smooth_mask(scene.tissues > 0, 1.6),
        labels=scene.codes,
        surface=paint_owners(),
        cap=paint_tissues(),
    )
    return Picture(image=render_layers((body,), scene.affine, view), view=view)


def render_opened(scene: Scene, network: VesselNetwork, width: int) -> Picture:
    """The pair with the near half of skin and bone taken away: brains and vessels inside."""
    view = aim_camera(scene, 0.0, width)
    toward = -view.forward
    inner = np.isin(scene.tissues, INNER)
    shell = Layer(
        level=smooth_mask((scene.tissues > 0) & ~inner, 0.8),
        labels=scene.codes,
        surface=paint_owners(white=0.45),
        cap=paint_tissues(),
        plane=(*toward.tolist(), float(toward @ scene.junction)),
    )
    brain = Layer(
        level=smooth_mask(scene.tissues == Tissue.BRAIN, 1.1),
        labels=scene.codes,
        surface=paint_owners(white=0.12),
        cap=paint_tissues(),
    )
    layers = (shell, brain, *_vessel_layers(scene, network, dark=True))
    return Picture(image=render_layers(layers, scene.affine, view), view=view)


def render_half(scene: Scene, twin: TwinId, width: int) -> Picture:
    """One twin's half, turned so that the cut faces the reader; tissues shown on the cut."""
    code = 1 if twin is TwinId.A else 2
    half = scene.sides == code
    near = half & binary_dilation(scene.sides == 3 - code, np.ones((3, 3, 3)), iterations=2)
    labels = np.where(near, _cut_tissues(scene), scene.owners * np.uint8(8) + np.uint8(7))
    labels[~half] = 0
    palette = paint_owners()
    palette[:7] = paint_tissues()[8:15]
    body = Layer(level=smooth_mask(half, 1.0), labels=labels, surface=palette, cap=palette)
    turn = OPEN_ANGLE if twin is TwinId.A else -OPEN_ANGLE
    toward = np.cross(scene.axis, scene.up)
    right = cos(radians(turn)) * scene.axis - sin(radians(turn)) * toward
    where = np.argwhere(half[::2, ::2, ::2]) * 2.0
    view = frame_points(
        where @ scene.affine[:3, :3].T + scene.affine[:3, 3], right, scene.up, width
    )
    return Picture(image=render_layers((body,), scene.affine, view), view=view)


def _cut_tissues(scene: Scene) -> Image:
    """The tissue that prevails around each voxel within the two layers that touch the cut."""
    layer = find_interface(scene.sides)
    best = np.zeros(scene.tissues.shape, dtype=np.uint8)
    most = np.zeros(scene.tissues.shape, dtype=np.float32)
    for tissue in TISSUE_COLOURS:
        share = smooth_mask(layer & (scene.tissues == tissue), 1.3)
        ahead = share > most
        best[ahead], most[ahead] = int(tissue), share[ahead]
    return best


def render_flow(
    scene: Scene, network: VesselNetwork, steps: Sequence[int], colours: FloatArray, width: int
) -> Picture:
    """The vessels inside glass heads, each in the colour of its step.

    steps : one for each vessel, below 8; colours : (8, 3) sRGB 0..1
    """
    view = aim_camera(scene, 32.0, width, tilt=12.0)
    palette = np.repeat(colours, 8, axis=0)
    codes = [8 * step + 7 for step in steps]
    layers = (_glass(scene), *tube_layers(scene, network, codes, palette))
    return Picture(image=render_layers(layers, scene.affine, view), view=view)


def _glass(scene: Scene) -> Layer:
    """Both heads, nearly clear."""
    return Layer(
        level=smooth_mask(scene.tissues > 0, 1.4),
        labels=scene.codes,
        surface=paint_owners(white=0.3),
        cap=paint_tissues(),
        alpha=0.05,
    )


def render_network(scene: Scene, network: VesselNetwork, width: int) -> Picture:
    """The vessels in the colours of their owners inside glass heads, with the cut as a sheet."""
    view = aim_camera(scene, 32.0, width, tilt=12.0)
    layers = (_glass(scene), draw_sheet(scene, 0.16), *_vessel_layers(scene, network, dark=False))
    return Picture(image=render_layers(layers, scene.affine, view), view=view)


def draw_sheet(scene: Scene, alpha: float) -> Layer:
    """The cut as a grey sheet of that opacity."""
    grey = np.full((64, 3), 0.42)
    return Layer(
        level=np.minimum(2.0 * smooth_mask(find_interface(scene.sides), 1.2), 1.0),
        labels=(find_interface(scene.sides) * np.uint8(8)).astype(np.uint8),
        surface=grey,
        cap=grey,
        alpha=alpha,
    )


def _vessel_layers(scene: Scene, network: VesselNetwork, *, dark: bool) -> tuple[Layer, ...]:
    """The vessels as tubes in the colours of their owners."""
    palette = paint_tissues()
    for owner in Owner:
        palette[owner * 8 + 7] = palette[owner * 8 + Tissue.VESSEL]
    codes = [int(vessel.owner) * 8 + 7 for vessel in network.vessels]
    return tube_layers(scene, network, codes, palette if dark else paint_owners())


def tube_layers(
    scene: Scene, network: VesselNetwork, codes: Sequence[int], palette: FloatArray
) -> tuple[Layer, ...]:
    """Tubes drawn at least 1.8 voxels wide, a code for each vessel; none where there are none."""
    segments, labels = [], []
    least = LEAST_TUBE * scene.spacing
    for vessel, code in zip(network.vessels, codes, strict=True):
        radius = np.maximum(vessel.radius, least)
        points = np.column_stack([vessel.path, radius])
        segments.append(np.hstack([points[:-1], points[1:]]))
        labels += [code] * (len(points) - 1)
    if not segments:
        return ()
    i, j, k = scene.tissues.shape
    level, drawn = draw_tubes(
        (i, j, k), scene.affine, np.vstack(segments), np.array(labels, dtype=np.uint8)
    )
    return (Layer(level=level, labels=drawn, surface=palette, cap=palette),)
