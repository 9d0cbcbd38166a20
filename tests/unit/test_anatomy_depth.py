"""O'Connell's and Winston's classes from areas written by hand, and from a bridge of brain."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, map_toy, points

from diptych.anatomy.depth import oconnell_class, winston_class
from diptych.anatomy.perturb import spread_over
from diptych.model import Classification, Measured, Owner

TABLE = TABLES["classification"]
NAMES = ("fused-area-skin", "fused-area-bone", "fused-area-dura", "septum-gap-area")


def areas(skin: float, bone: float, dura: float, gap: float, brain: float) -> dict[str, Measured]:
    values = dict(zip(NAMES, (skin, bone, dura, gap), strict=True)) | {"fused-area-brain": brain}
    return {
        name: Measured(value=value, low=0.9 * value, high=1.1 * value, unit="cm2")
        for name, value in values.items()
    }


def found(label: str, shared: bool) -> Classification:
    figure = Measured(value=170.0, low=168.0, high=172.0, unit="degree")
    return Classification(
        label=label,
        shared_sinus=shared,
        shared_sinus_evidence="",
        long_axis_angle=figure,
        rotation=figure,
        margins={},
        ambiguous=False,
        reasons=(),
    )


@pytest.mark.parametrize(
    ("measures", "letter"),
    [
        (areas(20, 60, 0, 0, 0), "A"),
        (areas(20, 10, 50, 0.4, 0), "B"),
        (areas(20, 5, 70, 6, 0.2), "C"),
        (areas(20, 5, 70, 6, 4), "D"),
    ],
)
def test_the_deepest_shared_structure_gives_the_letter(measures, letter) -> None:
    got, why = winston_class(measures, TABLE)
    assert got == letter
    assert f"Winston {letter}" in why
    assert "not sure" not in why


def test_an_area_about_the_least_one_is_called_unsure() -> None:
    _, why = winston_class(areas(20, 5, 70, 6, 1.05), TABLE)
    assert "whether D is reached is not sure" in why


@pytest.mark.parametrize(
    ("label", "shared", "letter", "expected"),
    [
        ("PV", False, "B", "partial"),
        ("PA", False, "D", "total"),
        ("TA", True, "B", "total"),
        ("TV-I", True, "C", "total I"),
        ("TV-II", True, "D", "total II"),
        ("TV-III", True, "B", "total III"),
    ],
)
def test_oconnell(label, shared, letter, expected) -> None:
    assert oconnell_class(found(label, shared), letter, TABLE)[0] == expected


def test_interval_spans_the_repeats_and_the_error_of_an_area() -> None:
    assert spread_over(10.0, [9.0, 10.5], "cm2") == Measured(
        value=10.0, low=8.9, high=10.6, unit="cm2"
    )
    share = spread_over(0.995, [0.99], "1")
    assert (share.low, share.high) == (pytest.approx(0.98005), 1.0)


def test_a_bridge_of_brain_is_found_and_its_owner_is_not_sure() -> None:
    bridged = map_toy(Toy(bridge=9.0))
    whole = map_toy()
    assert whole.classification.winston == "B"
    assert bridged.classification.winston == "D"
    assert bridged.measures["fused-area-brain"].value == pytest.approx(np.pi * 0.81, rel=0.5)
    x, y, z = points()
    inside = (np.hypot(x, y + 3.0) < 6.0) & (np.abs(z) < 3.0)
    inside &= np.isin(bridged.ownership.voxels, (Owner.A, Owner.B))
    assert bridged.confidence.voxels[inside].mean() < whole.confidence.voxels[inside].mean() - 10


def test_noise_is_not_taken_for_a_septum_in_a_bridge_of_brain() -> None:
    noisy = Toy(bridge=9.0, noise=25.0, step=2.0)
    bridged = map_toy(noisy)
    assert bridged.measures["fused-area-brain"].value > 0.3
    x, y, z = points(noisy)
    inside = (np.hypot(x, y + 3.0) < 6.0) & (np.abs(z) < 4.0)
    septum = (np.hypot(x, y + 3.0) > 13.0) & (np.hypot(x, y) < 14.0) & (np.abs(z) < 4.0)
    sure = [bridged.confidence.voxels[where].mean() for where in (inside, septum)]
    assert sure[0] < sure[1] - 8.0


def test_the_class_tells_all_three_schemes() -> None:
    classes = map_toy().classification
    assert classes.oconnell == "total I"
    told = " ".join(classes.reasons)
    assert "Winston B" in told
    assert "O'Connell total I" in told
    assert replace(classes, winston="").winston == ""
