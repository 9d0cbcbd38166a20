"""Measuring again with images and limits a little otherwise: what the intervals rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from diptych.anatomy.crop import coarser_steps, crop_ground, crop_sides, thin_ground, thin_sides
from diptych.anatomy.images import Images
from diptych.anatomy.junction import junction_figures
from diptych.anatomy.noise import estimate_noise
from diptych.anatomy.ownership import (
    CLEAR_SHARE,
    HALF_CLEAR,
    UNCLEAR_SHARE,
    Ground,
    Sides,
    block_round,
    divide_near,
    find_septum,
    to_boundary,
)
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.tissues import Compartments, label_tissues
from diptych.kernels.abreast import run_abreast
from diptych.kernels.distance import measure_distance
from diptych.model import Measured, Tissue

REPEATS = 4
SEPTUM = tuple(UNCLEAR_SHARE + part * (CLEAR_SHARE - UNCLEAR_SHARE) for part in (0.25, 0.75))
"""Share of a whole septum's strength from which on it counts as seen, in turn."""
AREA_ERROR = 0.01
"""Of an area on voxels, beside the exact one: the greatest seen on generated pairs."""
FREE_MM, ROUND_MM = 10.0, 14.0
"""How far from the boundary found it may move, and what is looked at round it."""


def spread_over(value: float, others: Sequence[float], unit: str) -> Measured:
    """The value with the interval that its repeats span, and the error of an area on voxels
    to both sides of it. No figure here can be negative.
    """
    ends = [value, *others]
    error = AREA_ERROR * value
    low, high = max(min(ends) - error, 0.0), max(ends) + error
    high = min(high, 1.0) if unit == "1" else high
    return Measured(value=value, low=low, high=high, unit=unit)


def repeat_junction(
    ground: Ground, sides: Sides, policy: AnatomyPolicy, found: Mapping[str, float]
) -> list[dict[str, float]]:
    """The figures of the junction, measured REPEATS times round the boundary.

    Each time other noise as strong as the images' own is added, each limit between two
    tissues moves to where a voxel holds a quarter or three quarters of the one, that of a
    septum by a quarter of what lies between surely and hardly seen, and the boundary is
    sought anew. The noise is drawn by place, so the twins' names do not
    matter.

    Where voxels are finer than about COARSE_MM, all this is done on every second one or so,
    and what a figure changes there, from its value without noise and at the limits as they
    are, is laid on `found`: an interval needs no finer voxels than that.
    """
    if not sides.faces.any():
        return []
    reach = round(ROUND_MM / min(ground.images.spacing))
    block = block_round(sides.faces, reach)
    near, held_sides = crop_ground(ground, block), crop_sides(sides, block)
    noise = estimate_noise(ground.images, ground.parts)
    every = coarser_steps(ground.images)
    if every == (1, 1, 1):
        return _repeat(near, held_sides, policy, noise)
    near, held_sides = thin_ground(near, every), thin_sides(held_sides, every)
    base = _measure_once(_hold(near, held_sides), held_sides, policy, HALF_CLEAR)
    return [
        {name: max(found[name] + value - base[name], 0.0) for name, value in other.items()}
        for other in _repeat(near, held_sides, policy, noise)
    ]


def _hold(near: Ground, found: Sides) -> Ground:
    """The ground with all that lies far from the boundary as seeds."""
    seeds = np.where(to_boundary(near.images, found.side) > FREE_MM, found.side, 0)
    return replace(near, territory=replace(near.territory, seeds=seeds.astype(np.uint8)))


def _repeat(
    near: Ground, found: Sides, policy: AnatomyPolicy, noise: float
) -> list[dict[str, float]]:
    held = _hold(near, found)
    levels = _levels(near.images, near.parts, policy)

    def measure(number: int) -> dict[str, float]:
        images = _noisy(near.images, noise, number)
        limits = levels[number % 2], SEPTUM[number % 2]
        return _measure_once(replace(held, images=images), found, *limits)

    def measure_half(first: int) -> list[dict[str, float]]:
        return [measure(number) for number in range(first, REPEATS, 2)]

    even, odd = run_abreast(lambda: measure_half(0), lambda: measure_half(1))
    return [*even, *odd]


def _noisy(images: Images, noise: float, number: int) -> Images:
    stream = np.random.Generator(np.random.Philox(key=number + 1))
    drawn = [noise * stream.standard_normal(images.plain.shape, dtype=np.float32) for _ in range(2)]
    plain = (images.plain + drawn[0]).astype(np.float32)
    venous = (images.venous + drawn[1]).astype(np.float32) if images.contrast else plain
    return replace(images, plain=plain, venous=venous)


def _levels(
    images: Images, parts: Compartments, policy: AnatomyPolicy
) -> tuple[AnatomyPolicy, AnatomyPolicy]:
    """The policy with its limits at a quarter and at three quarters between two tissues.

    Pure bone and pure brain are read from the images; fluid lies as far below its limit as
    brain lies above it, and dura gains twice its limit.
    """
    bone = np.median(images.plain[parts.bone]) if parts.bone.any() else policy.bone
    soft = images.plain[parts.cavity & ~parts.vessel]
    brain = float(np.median(soft[soft > policy.fluid])) if (soft > policy.fluid).any() else 0.0
    apart = max(brain - policy.fluid, 0.0)
    low, high = (
        replace(
            policy,
            bone=brain + share * max(float(bone) - brain, 0.0),
            fluid=policy.fluid + (2.0 * share - 1.0) * apart,
            dura_rise=2.0 * share * policy.dura_rise,
        )
        for share in (0.25, 0.75)
    )
    return low, high


def _measure_once(
    near: Ground, found: Sides, policy: AnatomyPolicy, share: float
) -> dict[str, float]:
    mean = 0.5 * (near.images.plain + near.images.venous)
    bone = (mean > policy.bone) & near.images.body & ~near.parts.vessel
    vault = near.parts.cavity | (near.parts.bone & found.inner)
    parts = replace(
        near.parts,
        bone=bone,
        cavity=np.asarray(vault & ~bone),
        depth=measure_distance(~bone, near.images.spacing),
    )
    sides = divide_near(replace(near, parts=parts), found)
    codes = label_tissues(near.images, parts, policy)
    codes[find_septum(parts, sides, share)] = Tissue.DURA
    return junction_figures(near.images, codes, parts, sides, share)
