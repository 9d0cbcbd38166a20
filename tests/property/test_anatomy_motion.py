"""A pair that lies otherwise in the scanner, or on finer voxels, gives the same result."""

import numpy as np
import pytest
from anatomy_toys import STEP, Toy, map_toy, points, turning

from diptych.model import Owner, Tissue


def compare(toy: Toy, within: float) -> None:
    """Same class, axes, network and measures; owners as the plain toy's, but for voxels
    closer to the true interface than `within` mm."""
    plain, moved = map_toy(Toy()), map_toy(toy)
    _, _, z = points(toy)
    codes = moved.ownership.voxels
    tissue = (codes > 0) & (moved.tissues.voxels != Tissue.VESSEL)
    true = np.where(z < 0.0, int(Owner.A), int(Owner.B))
    assert not ((codes != true) & tissue & (np.abs(z) > within)).any()
    first, second = plain.classification, moved.classification
    assert (first.label, first.winston, first.oconnell) == (
        second.label,
        second.winston,
        second.oconnell,
    )
    assert second.long_axis_angle.value == pytest.approx(first.long_axis_angle.value, abs=0.1)
    turned = turning(toy) @ np.array(plain.axes[0].long)
    assert np.allclose(turned, moved.axes[0].long, atol=np.radians(0.1))  # partly by the image
    for name in ("junction-diameter", "septum-fraction"):
        assert moved.measures[name].value == pytest.approx(plain.measures[name].value, rel=0.06)
    for name in ("brain-volume-A", "brain-volume-B", "fused-area-skin"):
        one, two = plain.measures[name], moved.measures[name]
        assert one.low <= two.high
        assert two.low <= one.high


def test_turned_by_17_degrees_and_shifted() -> None:
    compare(Toy(turn=17.0, shift=(7.3, -12.1, 3.9)), within=1.2 * STEP)


def test_on_finer_voxels() -> None:
    compare(Toy(step=2.0), within=1.2 * STEP)


@pytest.mark.slow
def test_on_much_finer_voxels() -> None:
    compare(Toy(step=1.25), within=1.2 * STEP)
