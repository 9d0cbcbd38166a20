"""Slices through the junction: the image, whose tissue it is, and the line of the cut."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt, gaussian_filter, map_coordinates
from skimage.measure import find_contours

from diptych.model import (
    OWNER_COLOURS,
    Anatomy,
    Figure,
    Owner,
    SeparationPlan,
    Series,
    TwinId,
    Volume,
)
from diptych.report.fingerprint import name_values
from diptych.report.inputs import DossierInputs, PngEncoder
from diptych.report.scene import FloatArray, mix_colour
from diptych.report.svg import (
    INK,
    draw,
    estimate_width,
    finish,
    line,
    mark_twin,
    place_image,
    rect,
    write,
)
from diptych.report.words import name_owner

LIGHT = "#ffffff"
WIDTH, RIM, GAP, HEAD, FOOT = 1180.0, 30.0, 16.0, 30.0, 46.0
PIXEL = 0.5
TINT = 0.42
SURE = 75
"""Percent; where the owner of tissue is less sure, the slice is hatched."""
HATCH = 9
"""Pixels from one line of the hatching to the next."""
BAR = 50.0
CT_WINDOW = (-40.0, 240.0)
ROLES = ("ctv", "ct", "mrv", "mr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One of the three planes: which LPS axes run right and down on the page, and the letters.

    edges : letters at the left, right, top and bottom edge
    """

    title: str
    across: tuple[float, float, float]
    down: tuple[float, float, float]
    edges: tuple[str, str, str, str]


PLANES = (
    Plane(title="Axial", across=(1, 0, 0), down=(0, 1, 0), edges=("R", "L", "A", "P")),
    Plane(title="Coronal", across=(1, 0, 0), down=(0, 0, -1), edges=("R", "L", "S", "I")),
    Plane(title="Sagittal", across=(0, 1, 0), down=(0, 0, -1), edges=("A", "P", "S", "I")),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """One plane, sampled: picture (H, W, 3), owners (H, W), path of the cut in pixels."""

    plane: Plane
    image: NDArray[np.uint8]
    owners: NDArray[np.uint8]
    cut: str
    position: str


def draw_slices(inputs: DossierInputs, junction: FloatArray) -> Figure:
    """Axial, coronal and sagittal slices through `junction` (LPS+ mm), at one scale."""
    case, anatomy, plan = inputs.case, inputs.anatomy, inputs.front.plan
    series = next((s for s in map(case.series, ROLES) if s is not None), case.volumes[0])
    slices = [_take_slice(plane, series, anatomy, plan, junction) for plane in PLANES]
    wide = sum(part.image.shape[1] for part in slices)
    zoom = (WIDTH - 3 * 2 * RIM - 2 * GAP) / wide
    tall = max(part.image.shape[0] for part in slices) * zoom + 2 * RIM
    x, body = 0.0, []
    for part in slices:
        body.append(
            draw(
                "g", _panel(part, zoom, tall, inputs.encode_png), transform=f"translate({x:.1f} 0)"
            )
        )
        x += part.image.shape[1] * zoom + 2 * RIM + GAP
    body.append(_footer(slices, HEAD + tall + 28, zoom))
    places = ", ".join(f"{part.plane.title.lower()} {part.position}" for part in slices)
    return Figure(
        id="slices",
        caption=f"Slices through the centre of the cut ({places}), series {series.role}. Tint and"
        " letter: whose tissue; white hatching: less than"
        f" {SURE} % sure whose; dashed line: the proposed cut. R, L, A, P, S, I are the scanner's"
        " directions, not those of either twin.",
        alt=f"Three slices through the junction ({places}): tissue of twin A tinted orange, of twin"
        " B purple, with the cut as a dashed line between them.",
        png=None,
        svg=finish(WIDTH, HEAD + tall + FOOT, *body),
        values=name_values(
            image=series.volume,
            ownership=anatomy.ownership,
            confidence=anatomy.confidence,
            side=plan.side,
        ),
    )


def _take_slice(
    plane: Plane, series: Series, anatomy: Anatomy, plan: SeparationPlan, junction: FloatArray
) -> Slice:
    positions = _lay_plane(plane, anatomy.tissues, junction)
    owners = _owners(anatomy.ownership, positions)
    axis = int(np.argmax(np.abs(np.cross(np.array(plane.across), np.array(plane.down)))))
    return Slice(
        plane=plane,
        image=_hatch(
            _tint(_grey(series, positions), owners), _unsure(anatomy.confidence, positions)
        ),
        owners=owners,
        cut=_cut_path(plan.side, positions),
        position=f"{'LPS'[axis]} = {round(float(junction[axis]))} mm",
    )


def _lay_plane(plane: Plane, volume: Volume, junction: FloatArray) -> FloatArray:
    """Positions (H, W, 3), LPS+ mm, of the pixels of a plane through the junction."""
    where = np.argwhere(volume.voxels[::2, ::2, ::2] != 0) * 2.0
    points = volume.to_lps(np.asarray(where, dtype=np.float64))
    across, down = np.array(plane.across, dtype=float), np.array(plane.down, dtype=float)
    xs = np.arange(float((points @ across).min()) - 4, float((points @ across).max()) + 4, PIXEL)
    ys = np.arange(float((points @ down).min()) - 4, float((points @ down).max()) + 4, PIXEL)
    normal = np.cross(across, down)
    plane_points = xs[None, :, None] * across + ys[:, None, None] * down
    return np.asarray(plane_points + (junction @ normal) * normal, dtype=np.float64)


def _sample(
    volume: Volume, voxels: NDArray[np.generic], positions: FloatArray
) -> NDArray[np.float32]:
    """Trilinear values at the positions; 0 outside the volume."""
    index = np.moveaxis(volume.to_index(positions), -1, 0)
    sampled: NDArray[np.float32] = map_coordinates(
        voxels, index, order=1, mode="constant", cval=0.0, output=np.float32
    )
    return sampled


def _grey(series: Series, positions: FloatArray) -> NDArray[np.float32]:
    voxels = series.volume.voxels.astype(np.float32)
    air = float(voxels.min())
    values = _sample(series.volume, voxels - np.float32(air), positions) + air
    if series.role.startswith("ct"):
        low, high = CT_WINDOW
    else:
        low, high = (float(v) for v in np.percentile(values, (2.0, 99.5)))
    grey = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    return np.asarray(grey, dtype=np.float32)


def _owners(ownership: Volume, positions: FloatArray) -> NDArray[np.uint8]:
    """Owner code of each pixel, by the greatest interpolated share."""
    codes = [owner for owner in Owner if bool((ownership.voxels == owner).any())]
    shares = [
        _sample(ownership, (ownership.voxels == owner).astype(np.float32), positions)
        for owner in codes
    ]
    return np.asarray(np.array(codes, np.uint8)[np.argmax(np.stack(shares), axis=0)])


def _tint(grey: NDArray[np.float32], owners: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = np.repeat(grey[..., None], 3, axis=2).astype(np.float64)
    for owner in (Owner.A, Owner.B, Owner.SHARED, Owner.UNKNOWN):
        there = owners == owner
        lit = mix_colour(OWNER_COLOURS[owner], 0.0) * (0.30 + 0.70 * image[there])
        image[there] = (1 - TINT) * image[there] + TINT * lit
    return np.asarray(np.clip(image, 0, 1) * 255 + 0.5, dtype=np.uint8)


def _unsure(confidence: Volume, positions: FloatArray) -> NDArray[np.bool_]:
    """Tissue whose owner is less than SURE percent sure."""
    percent = confidence.voxels.astype(np.uint8)
    doubt = ((percent > 0) & (percent < SURE)).astype(np.float32)
    return np.asarray(_sample(confidence, doubt, positions) > 0.5)


def _hatch(image: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """White lines, from lower left to upper right, over part of an image."""
    rows, columns = np.indices(where.shape)
    lines = where & ((rows + columns) % HATCH < 2)
    image[lines] = 255 - (255 - image[lines]) // 4
    return image


def _cut_path(side: Volume, positions: FloatArray) -> str:
    """SVG path of the line between the sides, inside the body only."""
    a, b = ((side.voxels == code).astype(np.float32) for code in (1, 2))
    inside = _sample(side, a + b, positions) > 0.5
    soft = [gaussian_filter(half, 0.7, truncate=2.0) for half in (a, b)]
    field = _sample(side, soft[1] - soft[0], positions)
    parts = []
    for contour in find_contours(field, 0.0, mask=inside):
        if len(contour) < 8 / PIXEL:
            continue
        points = contour[:: max(1, min(3, len(contour) // 8))]
        parts.append("M" + " ".join(f"{x:.1f},{y:.1f}" for y, x in points))
    return " ".join(parts)


def _panel(part: Slice, zoom: float, tall: float, encode: PngEncoder) -> str:
    high, wide = part.owners.shape
    width = wide * zoom + 2 * RIM
    y = HEAD + (tall - high * zoom) / 2
    content = [place_image(encode(part.image), 0, 0, wide, high)]
    if part.cut:
        dark, light = 5.0 / zoom, 2.2 / zoom
        content += [
            draw("path", d=part.cut, fill="none", stroke="#000000", stroke_width=dark),
            draw(
                "path",
                d=part.cut,
                fill="none",
                stroke=LIGHT,
                stroke_width=light,
                stroke_dasharray=f"{9 / zoom:.2f} {5 / zoom:.2f}",
            ),
        ]
    return "".join(
        (
            write(2, 18, f"{part.plane.title}, {part.position}", 14, font_weight=700),
            rect(0, HEAD, width, tall, fill="#000000"),
            draw("g", *content, transform=f"translate({RIM:.1f} {y:.1f}) scale({zoom:.4f})"),
            _badges(part.owners, zoom, RIM, y),
            _letters(part.plane, width, tall),
        )
    )


def _badges(owners: NDArray[np.uint8], zoom: float, left: float, top: float) -> str:
    """The sign of each twin deepest in its tissue, where there is enough of it."""
    parts = []
    for twin in TwinId:
        there = owners == Owner.of(twin)
        if int(there.sum()) > 200 / PIXEL**2:
            depth = distance_transform_cdt(there)
            y, x = np.unravel_index(int(np.argmax(depth)), depth.shape)
            parts.append(mark_twin(twin, left + float(x) * zoom, top + float(y) * zoom, 12))
    return "".join(parts)


def _letters(plane: Plane, wide: float, tall: float) -> str:
    left, right, top, bottom = plane.edges
    places = (
        (15.0, HEAD + tall / 2 + 5, left),
        (wide - 15.0, HEAD + tall / 2 + 5, right),
        (wide / 2, HEAD + 21.0, top),
        (wide / 2, HEAD + tall - 9.0, bottom),
    )
    return "".join(
        write(x, y, letter, 16, fill=LIGHT, text_anchor="middle", font_weight=700)
        for x, y, letter in places
    )


def _footer(slices: list[Slice], y: float, zoom: float) -> str:
    """Scale bar, and keys of shared and unknown tissue where they occur."""
    wide = BAR / PIXEL * zoom
    parts = [
        line(2, y, 2 + wide, y, stroke=INK, stroke_width=2.5),
        write(10 + wide, y + 4, f"{BAR:.0f} mm", 13),
    ]
    x = WIDTH - 4
    for owner in (Owner.UNKNOWN, Owner.SHARED):
        if any(bool((part.owners == owner).any()) for part in slices):
            words = name_owner(owner)
            x -= estimate_width(words, 13)
            parts.append(write(x, y + 4, words, 13))
            parts.append(rect(x - 20, y - 8, 14, 14, fill=OWNER_COLOURS[owner], stroke=INK))
            x -= 30
    return "".join(parts)
