"""What noise changes in how vessels are followed and painted, and that little noise does not."""

from dataclasses import replace

import numpy as np
import pytest
from blood_images import lay_images
from numpy.typing import NDArray

from diptych.anatomy import vessels
from diptych.anatomy.drainage import Drainage, paint_owners, read_slip
from diptych.anatomy.ownership import Sides
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree, trace_vessels
from diptych.model import Owner

SHAPE, STEP, FULL = (40, 24, 24), 1.0, 160.0
BODY = np.ones(SHAPE, dtype=bool)
NONE = np.zeros(SHAPE, dtype=bool)


def see(mask: NDArray[np.bool_], noise: float) -> Compartments:
    """Vessels where the mask is; calmed contrast only where there is noise."""
    stream = np.random.Generator(np.random.Philox(key=11))
    pure = np.where(mask, np.float32(FULL), np.float32(0.0))
    rise = (pure + stream.normal(0.0, noise, SHAPE)).astype(np.float32) if noise else pure
    zero = np.zeros(SHAPE, dtype=np.float32)
    return Compartments(
        bone=NONE,
        cavity=BODY,
        vessel=mask,
        depth=zero,
        lumps=np.ones(SHAPE, dtype=np.int32),
        rise=rise,
        calm=pure if noise else None,
    )


def paint(
    noise: float, owner: Owner, glow: float = 0.5, *, widened: bool = True, every: int = 1
) -> int:
    """Voxels with that owner beside a vein of 1.8 mm of B's in A's side, seen as 1 mm thick,
    where all, or every so many a voxel, within two voxels of its line has that share of full
    blood.
    """
    mask = NONE.copy()
    mask[4:36, 12, 12] = True
    parts = see(mask, noise)
    if parts.calm is not None:
        halo = np.zeros(SHAPE, dtype=np.float32)
        halo[4:36:every, 10:15, 10:15] = glow * FULL
        parts = replace(parts, calm=np.maximum(parts.calm, halo))
    images = lay_images(parts.rise, BODY, STEP)
    path = np.linspace((4.0, 12.0, 12.0), (35.0, 12.0, 12.0), 63)
    vein = Branch(start=0, end=1, path=path, radius=np.full(63, 0.9))
    tree = Tree(nodes=path[[0, -1]], degree=np.ones(2, dtype=np.int64), branches=(vein,))
    drainage = Drainage(owner=(owner,), confidence=(0.9,), run=(0,), crossing=(0.0,))
    side = np.ones(SHAPE, dtype=np.uint8)
    zero = np.zeros(SHAPE, dtype=np.float32)
    sides = Sides(side=side, inner=NONE, sheet=zero, faces=NONE, confidence=side)
    slip = read_slip(parts) if widened else 0.0
    codes, _ = paint_owners(images, parts, sides, tree, drainage, slip)
    return int((codes == owner).sum())


def test_noise_widens_what_is_painted_round_a_vein_of_one_twin() -> None:
    assert paint(0.0, Owner.B) == paint(8.0, Owner.B) == 32
    beyond_its_tips = 2
    assert paint(26.0, Owner.B) == 32 * 5 + beyond_its_tips


def test_what_does_not_look_like_blood_stays_as_it_is() -> None:
    """A voxel beside the vein is 0.055 mm beyond its wall; the farther ones out of reach. Next to
    the tips there is less blood up and down the vein.
    """
    assert paint(26.0, Owner.B, glow=0.33) == 32 * 5 - 4 * 4 + 2
    assert paint(26.0, Owner.B, glow=0.29) == 32 + 2


def test_what_glows_by_itself_alone_stays_as_it_is() -> None:
    """Noise lights single voxels; a vein is bright a little up and down its course, too."""
    assert paint(26.0, Owner.B, glow=0.6, every=4) < 32 * 2


def test_only_who_asks_for_it_gets_vessels_widened() -> None:
    assert paint(26.0, Owner.B, widened=False) == 32


def test_noise_does_not_widen_a_shared_vessel() -> None:
    assert paint(26.0, Owner.SHARED) == 32


@pytest.mark.parametrize(("noise", "ends"), [(0.0, 3), (26.0, 2)])
def test_what_is_a_spur_hangs_on_the_noise(noise: float, ends: int) -> None:
    mask = NONE.copy()
    mask[4:36, 11:13, 11:13] = True
    mask[20:22, 13:19, 11:13] = True
    parts = see(mask, noise)
    tree = trace_vessels(lay_images(parts.rise, BODY, STEP), parts)
    assert int((tree.degree == 1).sum()) == ends


def traced(monkeypatch, name: str, noise: float, step: float = STEP) -> tuple:
    """What the tracing of a vessel of 4 x 4 voxels hands to one of its parts."""
    calls = []
    real = getattr(vessels, name)

    def spy(*given, **named):
        calls.append((given, named))
        return real(*given, **named)

    monkeypatch.setattr(vessels, name, spy)
    mask = NONE.copy()
    mask[4:36, 10:14, 10:14] = True
    parts = see(mask, noise)
    trace_vessels(lay_images(parts.rise, BODY, step), parts)
    return calls[0]


@pytest.mark.parametrize(("noise", "noisy"), [(0.0, False), (26.0, True)])
def test_lines_are_straightened_only_in_noise(monkeypatch, noise: float, noisy: bool) -> None:
    _, named = traced(monkeypatch, "centre_paths", noise)
    assert named["noisy"] is noisy


@pytest.mark.parametrize("step", [0.5, 1.0])
def test_the_depth_in_the_lumen_is_handed_on_in_millimetres(monkeypatch, step: float) -> None:
    given, _ = traced(monkeypatch, "cut_touches", 0.0, step)
    deep = given[4](np.array([[20.0, 11.5, 11.5]]))
    assert deep == pytest.approx([2.0 * step])
