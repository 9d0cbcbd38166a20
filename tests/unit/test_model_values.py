"""A wrong value cannot be built, and a built one cannot be changed."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from diptych.model import (
    SIGNS,
    Confidence,
    Duration,
    InputError,
    InputErrors,
    Minute,
    Owner,
    SourcedNumber,
    TwinId,
    Volume,
    frozen_copy,
)


def volume(**changes: object) -> Volume:
    fields: dict[str, object] = {
        "voxels": np.zeros((2, 3, 4), dtype=np.int16),
        "affine": np.diag([1.0, 2.0, 3.0, 1.0]),
        "frame_of_reference": "2.25.1",
        "modality": "CT",
        "source": "hand",
    }
    return Volume(**(fields | changes))  # type: ignore[arg-type]


def test_volume_copies_and_freezes_its_voxels() -> None:
    voxels = np.zeros((2, 2, 2), dtype=np.int16)
    made = volume(voxels=voxels)
    voxels[0, 0, 0] = 7
    assert made.voxels[0, 0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        made.voxels[0, 0, 0] = 1


def test_frozen_copy_keeps_what_nobody_can_write() -> None:
    once = frozen_copy(np.arange(3))
    assert frozen_copy(once) is once
    view = np.arange(3)[::1]
    view.setflags(write=False)
    assert frozen_copy(np.arange(6)[::2]).flags.c_contiguous


def test_volume_geometry() -> None:
    made = volume()
    assert made.spacing == (1.0, 2.0, 3.0)
    assert made.voxel_volume == pytest.approx(0.006)
    index = np.array([[1.0, 1.0, 1.0]])
    np.testing.assert_allclose(made.to_lps(index), [[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(made.to_index(made.to_lps(index)), index)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"voxels": np.zeros((2, 2))}, r"has shape \(2, 2\), expected three axes"),
        ({"affine": np.zeros((4, 4))}, "affine is singular"),
        ({"affine": np.full((4, 4), np.nan)}, "not a finite 4 x 4"),
        ({"frame_of_reference": ""}, "has no frame of reference"),
    ],
)
def test_wrong_volumes_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        volume(**changes)


def test_two_frames_are_two_even_with_the_same_affine() -> None:
    assert volume().same_grid(volume())
    assert not volume().same_grid(volume(frame_of_reference="2.25.2"))


def test_content_hash_sees_a_voxel_and_the_frame() -> None:
    other = np.zeros((2, 3, 4), dtype=np.int16)
    other[1, 2, 3] = 1
    hashes = {
        v.content_hash for v in (volume(), volume(voxels=other), volume(frame_of_reference="9"))
    }
    assert len(hashes) == 3


def test_duration_order() -> None:
    with pytest.raises(InputError, match="expected 0 <= min <= mode <= max"):
        Duration(low=Minute(5), mode=Minute(4), high=Minute(9), planned=Minute(5))


def test_values_are_frozen() -> None:
    made = Duration(low=Minute(1), mode=Minute(2), high=Minute(3), planned=Minute(2))
    with pytest.raises(FrozenInstanceError):
        made.low = Minute(0)  # type: ignore[misc]


def test_twins_mirror() -> None:
    assert TwinId.A.other is TwinId.B
    assert [owner.mirrored for owner in Owner] == [
        Owner.NOBODY,
        Owner.B,
        Owner.A,
        Owner.SHARED,
        Owner.UNKNOWN,
    ]
    assert {sign.letter for sign in SIGNS.values()} == {"A", "B"}
    assert len({(sign.colour, sign.shape) for sign in SIGNS.values()}) == 2


def test_several_faults_are_told_at_once() -> None:
    faults = [InputError(f"fault {n}", remedy="mend it") for n in (1, 2)]
    told = str(InputErrors(faults, subject="roster.csv"))
    assert "2 faults" in told
    assert "fault 1" in told
    assert "fault 2" in told


def test_number_without_a_source_is_refused() -> None:
    with pytest.raises(InputError, match="has no source"):
        SourcedNumber(
            key="x",
            value=1.0,
            unit="mm",
            population="infants",
            low=0.0,
            high=2.0,
            source=" ",
            confidence=Confidence.HIGH,
            overridden=False,
        )
