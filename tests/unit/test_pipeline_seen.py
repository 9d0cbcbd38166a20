"""A correction is divided from what was kept: the same owners and vessels as by all the work."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy import OLD_INTERVALS, AnatomyPolicy, map_anatomy, see_case
from diptych.model import Anatomy, Corrections, Millimetre, Owner, OwnerSeed
from diptych.pipeline import seen as keeping
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.seen import FILE, map_case
from diptych.pipeline.stage import PlanOptions, Run
from diptych.storage.codec import encode

TOY = Toy(step=3.0)
SAID = Corrections(
    seeds=(OwnerSeed(position=(4.0, -4.0, 9.0), radius=Millimetre(7.0), owner=Owner.A),)
)


@cache
def whole() -> Anatomy:
    return map_anatomy(draw(TOY), tables=TABLES, corrections=SAID)


def work(case: Path, said: Corrections, *, corrected: bool = False, inputs: str = "same") -> Run:
    """Maps the toy into CASE/out, from what lies in CASE/last, and makes it the last one."""
    last, out = case / "last", case / "out"
    out.mkdir()
    run = Run(folder=CaseFolder(case), options=PlanOptions(corrected=corrected), policies={})
    run.inputs["anatomy"] = {"of": inputs, "facts": {"corrections": repr(said), "labels": {}}}
    told, given = (said, None), (TABLES, AnatomyPolicy())
    anatomy = map_case(run, (last, out), draw(TOY), told, given)
    run.keep(out, "anatomy", "anatomy", anatomy)
    if last.exists():
        last.rename(case / "older")
    out.rename(last)
    return run


def found(run: Run) -> Anatomy:
    value = run.values["anatomy", "anatomy"]
    assert isinstance(value, Anatomy)
    return value


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, Path]:
    """A first run without corrections, and one that corrects it."""
    case = tmp_path_factory.mktemp("case")
    return work(case, Corrections()), work(case, SAID, corrected=True), case


def test_owners_and_vessels_are_those_of_all_the_work(runs) -> None:
    quick = found(runs[1])
    for name in ("tissues", "ownership", "confidence", "tissue_confidence"):
        assert np.array_equal(getattr(quick, name).voxels, getattr(whole(), name).voxels), name
    tree, arrays = encode(quick.vessels)
    other, others = encode(whole().vessels)
    assert tree == other
    assert all(np.array_equal(arrays[name], others[name]) for name in others)
    classes = [replace(one.classification, reasons=()) for one in (quick, whole())]
    assert classes[0] == classes[1]  # the reasons tell intervals
    assert quick.scope == whole().scope
    moved = np.count_nonzero(quick.ownership.voxels != found(runs[0]).ownership.voxels)
    assert moved > 0


def test_values_are_new_and_intervals_are_as_wide_as_before(runs) -> None:
    before, quick = found(runs[0]).measures, found(runs[1]).measures
    assert {name: quick[name].value for name in quick} == {
        name: whole().measures[name].value for name in whole().measures
    }
    for name in quick:
        if not name.startswith(("brain-volume", "size")):
            assert quick[name].high - quick[name].value == pytest.approx(
                before[name].high - before[name].value
            )
    assert OLD_INTERVALS in found(runs[1]).notes
    assert OLD_INTERVALS in runs[1].notes
    assert runs[1].provisional["anatomy"]
    assert not runs[0].provisional


def test_a_plan_measures_them_again_from_what_was_kept(runs, tmp_path, monkeypatch) -> None:
    case = tmp_path / "case"
    (case / "last").mkdir(parents=True)
    for path in (runs[2] / "last").iterdir():
        (case / "last" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(keeping, "see_case", lambda *a, **k: pytest.fail("all was done again"))
    run = work(case, SAID)
    assert encode(found(run))[0] == encode(whole())[0]
    assert not run.provisional
    assert (case / "last" / FILE).read_bytes() == (case / "older" / FILE).read_bytes()


def test_what_was_kept_serves_no_other_inputs(runs, tmp_path, monkeypatch) -> None:
    case = tmp_path / "case"
    (case / "last").mkdir(parents=True)
    (case / "last" / FILE).write_bytes((runs[2] / "last" / FILE).read_bytes())
    seen = []
    monkeypatch.setattr(keeping, "MOST_BYTES", 1000)
    monkeypatch.setattr(keeping, "see_case", lambda *a, **k: seen.append(1) or see_case(*a, **k))
    run = work(case, SAID, corrected=True, inputs="others")
    assert seen == [1]
    assert "made from other inputs" in run.notes[0]
    assert "too large to be kept (0 MiB packed, more than 0)" in run.notes[1]
    assert not run.provisional
    assert not (case / "last" / FILE).exists()
    assert found(run).measures == whole().measures


def test_series_that_are_no_ct_are_kept_too(runs) -> None:
    """Values that the case does not hold as they are must come back from the file."""
    case = draw(TOY)
    seen = see_case(case, tables=TABLES)
    other = replace(seen, images=replace(seen.images, plain=seen.images.plain + np.float32(0.5)))
    kept = keeping.leave_images(other, case)
    assert kept.images.plain.size
    assert not kept.images.venous.size
    back = keeping.fill_images(kept, case)
    assert np.array_equal(back.images.plain, other.images.plain)
    assert np.array_equal(back.images.venous, other.images.venous)
    assert np.array_equal(back.found.parts.rise, other.found.parts.rise)


def test_a_large_scan_is_not_packed_at_all(tmp_path, monkeypatch) -> None:
    case = tmp_path / "case"
    case.mkdir()
    monkeypatch.setattr(keeping, "MOST_VOXELS", 10)
    monkeypatch.setattr(keeping, "pack_value", lambda *a: pytest.fail("it was packed"))
    run = work(case, Corrections())
    assert "million voxels, more than 0): a correction of owners will take" in run.notes[0]
    assert not (case / "last" / FILE).exists()
