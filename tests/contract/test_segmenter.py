"""What every segmenter must do. A plug-in passes by a class of its own over SegmenterContract.

class TestMine(SegmenterContract):
    segmenter = Mine()
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from anatomy_toys import BONE, CAVITY, HALF, SKIN, STEP, Toy, draw, points
from numpy.typing import NDArray

from diptych.anatomy import UNSAID, BuiltInSegmenter
from diptych.model import Case, InputError, Segmenter, Tissue, Volume
from diptych.plugins import list_plugins, load_plugin


class SegmenterContract:
    """The shared tests. `segmenter` is the object that the entry point gives."""

    segmenter: Segmenter

    def codes(self, toy: Toy | None = None) -> NDArray[np.uint8]:
        return cached(self.segmenter, toy or Toy())

    def test_codes_are_tissues_on_the_grid_of_the_case(self) -> None:
        codes, case = self.codes(), draw(Toy())
        assert codes.shape == case.volumes[0].volume.shape
        assert codes.dtype == np.uint8
        known = {*(int(tissue) for tissue in Tissue), UNSAID}
        assert set(np.unique(codes).tolist()) <= known

    def test_the_layers_of_a_head_lie_where_they_are(self) -> None:
        codes = self.codes()
        x, y, z = points()
        away = np.minimum(*(np.sqrt(x**2 + y**2 + (z - h) ** 2) for h in (-HALF, HALF)))
        said = codes != UNSAID
        sure = np.abs(z) > 8.0
        air = said & (away > SKIN + STEP)
        inside = said & sure & (away < CAVITY - 3.0 * STEP)
        bone = said & sure & (np.abs(away - 0.5 * (BONE + CAVITY)) < 0.4)
        assert float((codes[air] == Tissue.AIR).mean()) > 0.98
        soft = [int(t) for t in (Tissue.DURA, Tissue.CSF, Tissue.BRAIN, Tissue.VESSEL)]
        assert float(np.isin(codes[inside], soft).mean()) > 0.98
        assert float((codes[bone] == Tissue.BONE).mean()) > 0.9

    def test_the_same_case_gives_the_same_codes(self) -> None:
        again = self.segmenter.segment(draw(Toy()))
        assert np.array_equal(again, self.codes())

    def test_the_names_of_the_twins_do_not_count(self) -> None:
        assert np.array_equal(self.codes(Toy(swapped=True)), self.codes())

    def test_a_shift_of_the_patient_does_not_count(self) -> None:
        assert np.array_equal(self.codes(Toy(shift=(30.0, -20.0, 10.0))), self.codes())

    def test_the_case_is_not_changed(self) -> None:
        case = draw(Toy())
        before = [entry.volume.content_hash for entry in case.volumes]
        self.segmenter.segment(case)
        assert [entry.volume.content_hash for entry in case.volumes] == before

    def test_air_alone_is_refused(self) -> None:
        with pytest.raises(InputError):
            self.segmenter.segment(emptied(draw(Toy())))


@cache
def cached(segmenter: Segmenter, toy: Toy) -> NDArray[np.uint8]:
    return segmenter.segment(draw(toy))


def emptied(case: Case) -> Case:
    def empty(volume: Volume) -> Volume:
        return replace(volume, voxels=np.full(volume.shape, -1000, dtype=np.int16))

    return replace(
        case, volumes=tuple(replace(entry, volume=empty(entry.volume)) for entry in case.volumes)
    )


class TestBuiltIn(SegmenterContract):
    segmenter = BuiltInSegmenter()


def test_the_plug_point_is_listed() -> None:
    names = [row["name"] for row in list_plugins() if row["plug_point"] == "diptych.segmenters"]
    if not names:
        pytest.skip("NOT INSTALLED WITH THIS VERSION'S ENTRY POINTS: install the package again")
    assert "built-in" in names
    assert load_plugin("diptych.segmenters", "built-in") is BuiltInSegmenter
