"""Makes a demonstration pair: one real head, or two, become a craniopagus pair with truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from diptych.demonstration.assembly import Assembly, assemble
from diptych.demonstration.head import Grid, read_head
from diptych.demonstration.intensities import Painting, make_scene, paint
from diptych.demonstration.marks import mark_landmarks
from diptych.demonstration.materials import Palette
from diptych.demonstration.order import PairOrder
from diptych.demonstration.scanner import scan_ct, scan_mr
from diptych.demonstration.truth import PairTruth, make_truth
from diptych.model import Landmark, TwinId, Volume

_CHUNK = 400_000


_WORDS = {
    "plain": "without contrast",
    "venous": "venous contrast",
    "arterial": "arterial contrast",
    "t1": "T1",
    "mrv": "venogram",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemonstrationPair:
    """A made pair: its image series, the points a person would mark, and the truth.

    ct, ctv : Volume int16 HU, without and with venous contrast
    cta : Volume int16 HU with arterial contrast, where the order asks for it
    mr, mrv : Volume int16, T1-like without and with contrast, where the modality is MR
    series : (role, Volume) of what the case shall hold, by the order's phase and modality
    landmarks : of each twin, LPS+ mm, left and right the twin's own
    made_from : the sentence that goes wherever the pair goes
    All volumes lie on one grid.
    """

    ct: Volume
    ctv: Volume
    cta: Volume | None = None
    mr: Volume | None = None
    mrv: Volume | None = None
    series: tuple[tuple[str, Volume], ...]
    landmarks: Mapping[TwinId, tuple[Landmark, ...]]
    made_from: str
    truth: PairTruth


def make_pair(head: Volume, order: PairOrder, *, second: Volume | None = None) -> DemonstrationPair:
    """The pair of that order, made from a T1 image or CT of one head (or of two).

    Without a `second` head, B is the same head reshaped by a smooth random warp and
    uneven scaling with sulci of its own. Same order and heads: the same bytes.
    Raises InputError when no head is found in a volume.
    """
    first = read_head(head)
    other = first if second is None else read_head(second)
    assembly = assemble(order, first, other)
    painting, grid = _paint_all(assembly)
    volumes = {
        name: _finish(assembly, painting, grid, name) for name in Palette.of(order).contrasts
    }
    a, b = assembly.poses
    infants = assembly.joint.infants
    return DemonstrationPair(
        ct=volumes["plain"],
        ctv=volumes["venous"],
        cta=volumes.get("arterial"),
        mr=volumes.get("t1"),
        mrv=volumes.get("mrv"),
        series=_list_series(order, volumes),
        landmarks={
            TwinId.A: mark_landmarks(order, infants[0], a, TwinId.A),
            TwinId.B: mark_landmarks(order, infants[1], b, TwinId.B),
        },
        made_from=_sentence(head, second),
        truth=make_truth(assembly, painting, volumes["plain"]),
    )


def _list_series(order: PairOrder, volumes: Mapping[str, Volume]) -> tuple[tuple[str, Volume], ...]:
    if order.modality == "MR":
        return ("mr", volumes["t1"]), ("mrv", volumes["mrv"])
    venous = (("ctv", volumes["venous"]),) if order.phase != "arterial" else ()
    arterial = (("cta", volumes["arterial"]),) if order.phase != "venous" else ()
    return ("ct", volumes["plain"]), *venous, *arterial


def _sentence(head: Volume, second: Volume | None) -> str:
    what = head.source if second is None else f"{head.source} and {second.source}"
    return f"made from {what}; not a patient"


def _image_grid(assembly: Assembly) -> Grid:
    """The box of both heads with its margin, along the scanner's axes."""
    order = assembly.order
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for infant, pose in zip(assembly.joint.infants, assembly.poses, strict=True):
        inside = np.argwhere(infant.skin[::2, ::2, ::2] < 0).T * 2.0 * infant.grid.step
        placed = pose.forward(inside + infant.grid.origin[:, None])
        low, high = np.minimum(low, placed.min(axis=1)), np.maximum(high, placed.max(axis=1))
    low, high = low - order.margin, high + order.margin
    i, j, k = (np.ceil((high - low) / order.spacing).astype(int) + 1).tolist()
    return Grid(origin=np.round(low, 3), step=order.spacing, shape=(i, j, k))


def _paint_all(assembly: Assembly) -> tuple[Painting, Grid]:
    """The whole image, some planes at a time so that memory stays small."""
    grid = _image_grid(assembly)
    scene = make_scene(assembly.order, assembly.joint, assembly.network)
    planes = max(_CHUNK // (grid.shape[1] * grid.shape[2]), 1)
    y, z = (grid.origin[a] + grid.step * np.arange(grid.shape[a]) for a in (1, 2))
    parts = []
    for first in range(0, grid.shape[0], planes):
        rows = np.arange(first, min(first + planes, grid.shape[0]))
        x = grid.origin[0] + grid.step * rows
        points = np.stack(np.meshgrid(x, y, z, indexing="ij")).reshape(3, -1)
        parts.append(paint(scene, assembly.turn.T @ points))
    names = ("tissues", "owner", "side", "skin", "gap", "bridge")
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts]).reshape(grid.shape)
        for name in names
    }
    images = np.concatenate([part.images for part in parts], axis=1)
    return Painting(images=images.reshape(-1, *grid.shape), **joined), grid


def _finish(assembly: Assembly, painting: Painting, grid: Grid, contrast: str) -> Volume:
    order, words = assembly.order, _WORDS[contrast]
    values = painting.images[Palette.of(order).contrasts.index(contrast)]
    affine = np.diag([grid.step, grid.step, grid.step, 1.0])
    affine[:3, 3] = grid.origin
    mr = contrast in {"t1", "mrv"}
    purpose = f"noise, {words}"
    return Volume(
        voxels=scan_mr(order, values, grid, purpose)
        if mr
        else scan_ct(order, values, painting.skin, purpose),
        affine=affine,
        frame_of_reference=_frame_of(order),
        modality="MR" if mr else "CT",
        source=f"demonstration pair {order.type}, seed {order.seed}, {words}",
    )


def _frame_of(order: PairOrder) -> str:
    """A frame of reference UID of its own for each pair, from its order."""
    number = int.from_bytes(sha256(order.name.encode()).digest()[:15], "big")
    return f"2.25.{number}"
