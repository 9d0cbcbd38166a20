"""Paints the pair: tissue codes and CT values, layer over layer, with partial volume."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.demonstration.face import Face, make_face
from diptych.demonstration.head import WHITE, Field
from diptych.demonstration.infant import BONE
from diptych.demonstration.interface import Ruler
from diptych.demonstration.materials import (
    ARTERY,
    BLOOD,
    CSF,
    FIBROUS,
    SHEATH,
    SKULL,
    SOFT,
    Palette,
)
from diptych.demonstration.order import PairOrder, random_stream
from diptych.demonstration.partitions import falx_distance, tent_distance
from diptych.demonstration.plates import PlateMap, map_plates
from diptych.demonstration.routes import DURA
from diptych.demonstration.shell import Joint, outer_fields, squeezed_source
from diptych.demonstration.tree import septum_half
from diptych.model import Tissue, VesselNetwork

_SUBDURAL = 1.35
_SUTURE = 1.0
_REACH = 4.0
_CISTERN, _PARTITION = 1.3, 0.45
_GROWN_DEPTH = 6.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """All that is painted, in the joint frame.

    tubes : tree over points of the vessels with their radius and index of vessel
    owners, arterial : of each vessel; palette : the contrasts that are painted
    plates : of both vaults in hard scenes, else none; faces : of both heads
    """

    order: PairOrder
    joint: Joint
    ruler: Ruler
    tubes: cKDTree
    radius: Values
    vessel: NDArray[np.intp]
    owners: NDArray[np.uint8]
    arterial: NDArray[np.bool_]
    palette: Palette
    plates: tuple[PlateMap, ...]
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Painting:
    """What lies at each of N points.

    images : (C, N) values of each contrast of the palette; tissues, owner : codes, uint8
    side : signed distance to the interface, mm; skin : to the skin, mm
    gap : the nearest piece of septum is interrupted, inside the cavity (total types)
    bridge : brain that has grown across, within 6 mm of the interface (hard total types)
    """

    images: Field
    tissues: NDArray[np.uint8]
    owner: NDArray[np.uint8]
    side: Field
    skin: Field
    gap: NDArray[np.bool_]
    bridge: NDArray[np.bool_]


def make_scene(order: PairOrder, joint: Joint, network: VesselNetwork) -> Scene:
    """The scene of a joint and its vessels (paths in the joint frame)."""
    points, radii, which = [], [], []
    for number, vessel in enumerate(network.vessels):
        path, radius = _dense(vessel.path, vessel.radius)
        points.append(path)
        radii.append(radius)
        which.append(np.full(len(path), number))
    return Scene(
        order=order,
        joint=joint,
        ruler=joint.interface.make_ruler(),
        tubes=cKDTree(np.concatenate(points)),
        radius=np.concatenate(radii),
        vessel=np.concatenate(which),
        owners=np.array([int(v.owner) for v in network.vessels], dtype=np.uint8),
        arterial=np.array([v.kind == "artery" for v in network.vessels]),
        palette=Palette.of(order),
        plates=_map_both(order, joint),
        faces=tuple(
            make_face(order, infant, letter)
            for letter, infant in zip("AB", joint.infants, strict=True)
        ),
    )


def _map_both(order: PairOrder, joint: Joint) -> tuple[PlateMap, ...]:
    if not order.hard:
        return ()
    return tuple(
        map_plates(order, infant.grid, infant.cavity, random_stream(order, f"plates {letter}"))
        for letter, infant in zip("AB", joint.infants, strict=True)
    )


def _dense(path: Values, radius: Values) -> tuple[Values, Values]:
    fine = np.linspace(0.0, len(path) - 1.0, 4 * len(path))
    known = np.arange(len(path))
    dense = np.stack([np.interp(fine, known, path[:, a]) for a in range(3)], axis=1)
    return dense, np.interp(fine, known, radius)


def coverage(distance: Values, edge: float) -> Values:
    """Share of a voxel of `edge` mm that lies within a surface at signed `distance` mm."""
    result: Values = np.clip(0.5 - distance / edge, 0.0, 1.0)
    return result


def sheet_coverage(distance: Values, half: float, edge: float) -> Values:
    """Share of a voxel within `half` mm of a sheet at `distance` mm (either side)."""
    result: Values = coverage(distance - half, edge) - coverage(distance + half, edge)
    return result


def tube_coverage(distance: Values, radius: Values, edge: float) -> Values:
    """Share of a voxel within a tube; never more than the tube's section fills."""
    full = np.minimum(1.0, np.pi * radius**2 / edge**2)
    width = np.maximum(edge, 0.5 * edge + radius * 0.5)
    return np.minimum(full, np.clip(0.5 - (distance - radius) / width, 0.0, 1.0))


@dataclass(slots=True, kw_only=True, eq=False)
class _Canvas:
    """Values (C, N) and codes (N,) under work (private to this module)."""

    images: Values
    tissues: NDArray[np.uint8]

    @classmethod
    def of_air(cls, palette: Palette, count: int) -> "_Canvas":
        """A canvas on which nothing is painted yet."""
        return cls(
            images=np.repeat(palette.air, count, axis=1),
            tissues=np.zeros(count, dtype=np.uint8),
        )

    def part(self, where: NDArray[np.intp]) -> "_Canvas":
        """A copy of some of its points."""
        return _Canvas(images=self.images[:, where], tissues=self.tissues[where])

    def put(self, where: NDArray[np.intp], part: "_Canvas") -> None:
        """Brings back what was painted on a copy."""
        self.images[:, where] = part.images
        self.tissues[where] = part.tissues

    def lay(
        self,
        share: Values,
        within: NDArray[np.bool_],
        tissue: Tissue | NDArray[np.uint8],
        values: Values,
    ) -> None:
        self.images += share * (values - self.images)
        code = tissue if isinstance(tissue, np.ndarray) else np.uint8(tissue)
        self.tissues = np.where(within, code, self.tissues)


def paint(scene: Scene, points: Values) -> Painting:
    """The pair at joint points (3, N), each standing for a voxel of the order's spacing."""
    cavity, skin = outer_fields(scene.joint, points)
    count = points.shape[1]
    canvas = _Canvas.of_air(scene.palette, count)
    height = scene.joint.interface.sample("height", points[0], points[1])
    side = height - points[2]
    gap, grown = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    owner = np.where(side > 0, 1, 2).astype(np.uint8)
    near = np.nonzero(skin < _REACH)[0]
    if len(near):
        side[near], gap[near], grown[near] = scene.ruler.measure(points[:, near])
        part = canvas.part(near)
        layers = _Layers(
            scene=scene,
            points=points[:, near],
            cavity=cavity[near].astype(np.float64),
            skin=skin[near].astype(np.float64),
            side=side[near],
            gap=gap[near],
            grown=grown[near],
        )
        owner[near] = _paint_layers(part, layers, owner[near])
        canvas.put(near, part)
    owner[canvas.tissues == Tissue.AIR] = 0
    return Painting(
        images=canvas.images.astype(np.float32),
        tissues=canvas.tissues,
        owner=owner,
        side=side.astype(np.float32),
        skin=skin,
        gap=gap & (cavity < 0) & scene.order.total,
        bridge=grown & (canvas.tissues == Tissue.BRAIN) & (np.abs(side) < _GROWN_DEPTH),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layers:
    """The fields that the layers are painted from."""

    scene: Scene
    points: Values
    cavity: Values
    skin: Values
    side: Values
    gap: NDArray[np.bool_]
    grown: NDArray[np.bool_]

    @property
    def edge(self) -> float:
        return self.scene.order.spacing

    @property
    def palette(self) -> Palette:
        return self.scene.palette


def _paint_layers(canvas: _Canvas, layers: _Layers, owner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _paint_scalp(canvas, layers, owner)
    _paint_bone(canvas, layers, owner)
    _paint_meninges(canvas, layers)
    for twin in (0, 1):
        _paint_brain(canvas, layers, twin)
    _paint_septum(canvas, layers)
    return _paint_vessels(canvas, layers, owner)


def _paint_scalp(canvas: _Canvas, layers: _Layers, owner: NDArray[np.uint8]) -> None:
    """Skin with a shallow groove along the join; face and base as the head shows them."""
    skin = layers.skin + 1.3 * np.exp(-((layers.side / 4.0) ** 2))
    canvas.lay(coverage(skin, layers.edge), skin < 0, Tissue.SKIN, layers.palette.take(SOFT))
    for twin in (0, 1):
        mine = np.nonzero((owner == twin + 1) & (layers.cavity > 0))[0]
        infant, pose = layers.scene.joint.infants[twin], layers.scene.joint.poses[twin]
        own = pose.backward(layers.points[:, mine])
        value = infant.grid.sample(infant.outside, own).astype(np.float64)
        vault = np.clip((own[2] - infant.frankfurt - 8.0) / 22.0, 0.0, 1.0)
        share = (1.0 - vault) * coverage(layers.skin[mine] + 1.5, layers.edge)
        code = np.full(len(mine), int(Tissue.SKIN), dtype=np.uint8)
        code[value > 180.0] = int(Tissue.BONE)
        code[value < -300.0] = int(Tissue.AIR)
        part = canvas.part(mine)
        part.lay(share, share > 0.5, code, layers.palette.take_outside(value))
        _paint_face(part, layers, layers.scene.faces[twin], own)
        canvas.put(mine, part)


def _paint_face(canvas: _Canvas, layers: _Layers, face: Face, own: Values) -> None:
    for near, layer in face.list_layers(own):
        part = canvas.part(near)
        share = coverage(layer.distance, layers.edge)
        value = layers.palette.take_outside(np.array([layer.value]))
        part.lay(share, share > 0.5, layer.tissue, value)
        canvas.put(near, part)


def _paint_bone(canvas: _Canvas, layers: _Layers, owner: NDArray[np.uint8]) -> None:
    """The bone shell, open at each foramen magnum, with the sutures (fibrous, 2 mm)."""
    bone = layers.cavity - BONE
    share = coverage(bone, layers.edge)
    seam = sheet_coverage(layers.side, _SUTURE, layers.edge)
    thick = np.nonzero(share > 0.0)[0]
    for twin in (0, 1):
        mine = owner == twin + 1
        infant, pose = layers.scene.joint.infants[twin], layers.scene.joint.poses[twin]
        own = pose.backward(layers.points[:, mine])
        if layers.scene.plates:
            _open_plates(seam, layers, twin, thick[owner[thick] == twin + 1])
        else:
            seam[mine] = np.maximum(seam[mine], _own_sutures(own, infant.base, layers.edge))
        hole = np.hypot(own[0], own[1] - 10.0) - 11.0
        share[mine] *= 1.0 - coverage(np.maximum(hole, own[2] - infant.base - 12.0), layers.edge)
    canvas.lay(share, share > 0.5, Tissue.BONE, layers.palette.take(SKULL))
    canvas.lay(share * seam, share * seam > 0.5, Tissue.DURA, layers.palette.take(FIBROUS))


def _open_plates(seam: Values, layers: _Layers, twin: int, thick: NDArray[np.intp]) -> None:
    """Raises the share of suture at points of the bone shell by this vault's plate map."""
    own = layers.scene.joint.poses[twin].backward(layers.points[:, thick])
    radial = layers.cavity[thick] - 0.5 * BONE
    away = layers.scene.plates[twin].measure(own, radial)
    seam[thick] = np.maximum(seam[thick], coverage(away, layers.edge))


def _own_sutures(own: Values, base: float, edge: float) -> Values:
    """Share of a voxel in the head's own sutures: sagittal, coronal, lambdoid, fontanelle."""
    x, y, z = own
    size = -base / 60.0
    high = coverage(12.0 * size - z, edge)
    bregma, lambda_ = -18.0 * size, 52.0 * size
    sagittal = (
        sheet_coverage(x, 0.8, edge) * coverage(bregma - y, edge) * coverage(y - lambda_, edge)
    )
    coronal = sheet_coverage(y - bregma + 0.12 * np.abs(x), 0.8, edge)
    lambdoid = sheet_coverage(y - lambda_ + 0.25 * np.abs(x), 0.8, edge)
    fontanelle = coverage(np.abs(x) + np.abs(y - bregma) - 9.0 * size, edge)
    seams = [sagittal, coronal, lambdoid * coverage(-y, edge), fontanelle]
    result: Values = np.maximum.reduce(seams) * high
    return result


def _paint_meninges(canvas: _Canvas, layers: _Layers) -> None:
    dura, fluid = layers.cavity, layers.cavity + DURA
    canvas.lay(coverage(dura, layers.edge), dura < 0, Tissue.DURA, layers.palette.take(SHEATH))
    canvas.lay(coverage(fluid, layers.edge), fluid < 0, Tissue.CSF, layers.palette.take(CSF))


def _paint_brain(canvas: _Canvas, layers: _Layers, twin: int) -> None:
    """One brain with sulci, fissure and falx, up to its own CSF at shell and septum."""
    sign = 1.0 if twin == 0 else -1.0
    away = layers.cavity + DURA + _SUBDURAL
    mine = np.nonzero((sign * layers.side > -layers.edge) & (away < layers.edge))[0]
    infant = layers.scene.joint.infants[twin]
    source = squeezed_source(layers.scene.joint, twin, layers.points[:, mine])
    deep = -infant.grid.sample(infant.cavity, source).astype(np.float64)
    septum = np.where(layers.gap[mine], 0.0, septum_half(layers.scene.order) + 1.5)
    grown = layers.grown[mine] * coverage(sign * layers.side[mine] - _GROWN_DEPTH, 4.0)
    septum = septum - layers.edge * layers.grown[mine]
    roof = 1.2 - deep - 20.0 * grown
    border = np.maximum.reduce([away[mine], septum - sign * layers.side[mine], roof])
    share = coverage(border, layers.edge)
    value = infant.grid.sample(infant.inside, source).astype(np.float64)
    value += grown * (WHITE - value)
    furrow, sheet = _folds(layers, twin, source, deep)
    furrow = furrow * (1.0 - grown)
    part = canvas.part(mine)
    within = border < 0
    code = np.where(value > 19.0, int(Tissue.BRAIN), int(Tissue.CSF)).astype(np.uint8)
    part.lay(share, within, code, layers.palette.take_brain(value))
    part.lay(share * furrow, within & (furrow > 0.5), Tissue.CSF, layers.palette.take(CSF))
    part.lay(share * sheet, within & (sheet > 0.5), Tissue.DURA, layers.palette.take(SHEATH))
    canvas.put(mine, part)


def _folds(layers: _Layers, twin: int, source: Values, deep: Values) -> tuple[Values, Values]:
    """Shares of fluid in sulci and fissures, and of dura in falx and tentorium."""
    if not layers.scene.order.hard:
        return _furrows(layers, twin, source, deep), _falx(layers, source, deep)
    infant = layers.scene.joint.infants[twin]
    fluid, dura = _sulci(layers, twin, source, deep), np.zeros(len(deep))
    for away, beyond in (
        falx_distance(infant, source, deep),
        tent_distance(infant, source),
    ):
        near = coverage(beyond, layers.edge)
        fluid = np.maximum(fluid, sheet_coverage(away, _CISTERN, layers.edge) * near)
        dura = np.maximum(dura, sheet_coverage(away, _PARTITION, layers.edge) * near)
    return fluid, dura


def _sulci(layers: _Layers, twin: int, source: Values, deep: Values) -> Values:
    infant = layers.scene.joint.infants[twin]
    sheet = infant.grid.sample(infant.sulcus, source).astype(np.float64)
    reach = infant.grid.sample(infant.sulcal_depth, source).astype(np.float64)
    return sheet_coverage(sheet, 0.6, layers.edge) * coverage(deep - reach, layers.edge)


def _furrows(layers: _Layers, twin: int, source: Values, deep: Values) -> Values:
    sulci = _sulci(layers, twin, source, deep)
    fissure = sheet_coverage(source[0], 1.3, layers.edge) * coverage(deep - 27.0, layers.edge)
    return np.maximum(sulci, fissure * coverage(-4.0 - source[2], layers.edge))


def _falx(layers: _Layers, source: Values, deep: Values) -> Values:
    sheet = sheet_coverage(source[0], 0.45, layers.edge) * coverage(deep - 22.0, layers.edge)
    return sheet * coverage(-4.0 - source[2], layers.edge)


def _paint_septum(canvas: _Canvas, layers: _Layers) -> None:
    """Two layers of dura (1.5 mm in all); in partial types a bony plate between them."""
    inside = coverage(layers.cavity + DURA, layers.edge)
    half = septum_half(layers.scene.order)
    dura = sheet_coverage(layers.side, half, layers.edge) * inside
    if layers.scene.order.total:
        dura = dura * ~layers.gap
    canvas.lay(dura, dura > 0.5, Tissue.DURA, layers.palette.take(SHEATH))
    if not layers.scene.order.total:
        plate = sheet_coverage(layers.side, 0.9, layers.edge) * inside * ~layers.gap
        canvas.lay(plate, plate > 0.5, Tissue.BONE, layers.palette.take(SKULL))


def _paint_vessels(canvas: _Canvas, layers: _Layers, owner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scene = layers.scene
    away, index = scene.tubes.query(layers.points.T, distance_upper_bound=6.0)
    near = np.nonzero(np.isfinite(away))[0]
    radius = scene.radius[index[near]]
    share = np.zeros(len(away))
    share[near] = tube_coverage(away[near], radius, layers.edge)
    within = np.zeros(len(away), dtype=bool)
    within[near] = away[near] < radius
    blood = np.repeat(layers.palette.take(BLOOD), len(away), axis=1)
    blood[:, near[scene.arterial[scene.vessel[index[near]]]]] = layers.palette.take(ARTERY)
    canvas.lay(share, within, Tissue.VESSEL, blood)
    result = owner.copy()
    chosen = near[within[near]]
    result[chosen] = scene.owners[scene.vessel[index[chosen]]]
    return result
