"""Series on different grids: registered when a person asks for it, with the residual told."""

from importlib.util import find_spec

import numpy as np
import pytest
from anatomy_toys import Toy, draw

from diptych.intake import registration
from diptych.intake.brief import SeriesEntry
from diptych.intake.registration import align_series, lay_on
from diptych.intake.series import register_others
from diptych.model import InputError, RawSeries, Subject, Volume

HERE = find_spec("SimpleITK") is not None
needs_tool = pytest.mark.skipif(
    not HERE, reason="SIMPLEITK IS NOT INSTALLED: pip install 'diptych[register]'"
)


def turned(volume: Volume, degrees: float, shift: tuple[float, float, float]) -> tuple:
    """The volume as it would be in another frame, on a coarser grid; and the motion to it."""
    angle = np.radians(degrees)
    motion = np.eye(4)
    motion[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    middle = volume.to_lps((np.array(volume.shape) - 1.0) / 2.0)
    motion[:3, 3] = middle - motion[:3, :3] @ middle + np.array(shift)
    grid = Volume(
        voxels=np.zeros((44, 44, 68), dtype=np.int16),
        affine=np.array([[2.8, 0, 0, -60], [0, 2.8, 0, -60], [0, 0, 2.8, -95], [0, 0, 0, 1.0]]),
        frame_of_reference="2.25.9",
        modality="CT",
        source="moved",
    )
    return lay_on(grid, volume, np.linalg.inv(motion)), motion


def marked() -> Volume:
    """A toy pair with two bony bumps, which are not the same from all sides."""
    volume = draw(Toy()).volumes[0].volume
    voxels = volume.voxels.copy()
    voxels[34:40, 22:26, 10:18] = 900
    voxels[10:14, 30:38, 50:56] = 900
    return volume.on_this_grid(voxels, modality="CT", source="toy")


@needs_tool
def test_a_known_motion_is_found_with_a_small_residual() -> None:
    still = marked()
    mobile, motion = turned(still, 5.0, (6.0, -4.0, 3.0))
    found = align_series(still, mobile)
    places = still.to_lps(np.argwhere(still.voxels > 0)[::50].astype(float))
    apart = (places @ (found.motion - motion)[:3, :3].T) + (found.motion - motion)[:3, 3]
    assert float(np.linalg.norm(apart, axis=1).max()) < 0.8
    assert found.residual < 0.8
    assert found.turn == pytest.approx(5.0, abs=0.7)
    assert found.volume.same_grid(still)
    again = align_series(still, mobile)
    assert again.volume.content_hash == found.volume.content_hash


@needs_tool
def test_what_does_not_fit_is_refused() -> None:
    still = marked()
    noise = np.random.Generator(np.random.Philox(key=3)).normal(0, 200, still.shape)
    other = Volume(
        voxels=noise.astype(np.int16),
        affine=still.affine,
        frame_of_reference="2.25.8",
        modality="CT",
        source="noise",
    )
    with pytest.raises(InputError, match="could not be brought onto"):
        align_series(still, other)


def raw(volume: Volume, name: str) -> RawSeries:
    return RawSeries(
        origin="nifti",
        name=name,
        role_hint="",
        volume=volume,
        patient_ids=(),
        study_uids=(),
        group=(),
        sha256="0",
    )


def assigned(volume: Volume, name: str, register: bool) -> tuple[SeriesEntry, RawSeries]:
    entry = SeriesEntry(
        role="ct", path=name, subject=Subject.SHARED, evidence="e", register=register
    )
    return entry, raw(volume, name)


def test_without_the_extra_it_is_told_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr(registration, "find_spec", lambda name: None)
    still = marked()
    mobile, _ = turned(still, 0.0, (0.0, 0.0, 0.0))
    series = [assigned(still, "a", False), assigned(mobile, "b", True)]
    with pytest.raises(InputError, match=r"pip install 'diptych\[register\]'"):
        register_others(series)


def test_nothing_is_moved_unless_a_person_asks() -> None:
    still = marked()
    mobile, _ = turned(still, 0.0, (0.0, 0.0, 0.0))
    series = [assigned(still, "a", True), assigned(mobile, "b", False)]
    kept, checks = register_others(series)
    assert kept == tuple(series)
    assert checks == ()


@needs_tool
def test_the_residual_is_told() -> None:
    still = marked()
    mobile, _ = turned(still, 3.0, (2.0, 1.0, 0.0))
    kept, checks = register_others([assigned(still, "a", False), assigned(mobile, "b", True)])
    assert kept[1][1].volume.same_grid(still)
    assert checks[0].name == "registered-ct"
    assert "degrees; the searches from both sides leave" in checks[0].detail
