"""A scan with thick voxels gives a class that is called ambiguous, with the reason."""

import pytest

from diptych.anatomy.mapping import _doubt_when_coarse
from diptych.model import Classification, Measured


def found() -> Classification:
    figure = Measured(value=110.0, low=108.0, high=112.0, unit="degree")
    return Classification(
        label="TA",
        shared_sinus=True,
        shared_sinus_evidence="a sinus of 3 mm",
        long_axis_angle=figure,
        rotation=figure,
        margins={},
        ambiguous=False,
        reasons=("by the table",),
    )


@pytest.mark.parametrize(("thickness", "ambiguous"), [(1.5, False), (2.0, False), (2.5, True)])
def test_thick_voxels_make_the_class_ambiguous(thickness: float, ambiguous: bool) -> None:
    result = _doubt_when_coarse(found(), (1.0, 1.0, thickness))
    assert result.ambiguous is ambiguous
    assert result.label == "TA"
    assert ("2.5 mm thick" in " ".join(result.reasons)) is ambiguous
