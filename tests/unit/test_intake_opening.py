"""open_case: every fault at once, every doubt of identity refused, and a mirror of the twins."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import permutations, product

import numpy as np
import pytest

from diptych.intake import CaseFile, SeriesEntry, TwinEntry, open_case
from diptych.intake.series import turn_to_lps
from diptych.model import (
    Case,
    GroupMember,
    InputErrors,
    Landmark,
    RawSeries,
    SafetyRefusal,
    Subject,
    TwinId,
    Volume,
)

HEAD = {
    "nasion": (0.0, -40.0, 12.0),
    "porion-left": (30.0, 0.0, 0.0),
    "porion-right": (-30.0, 0.0, 0.0),
    "orbitale-left": (15.0, -35.0, 0.0),
    "orbitale-right": (-15.0, -35.0, 0.0),
    "basion": (0.0, 3.0, -12.0),
}


def marks(up: float, centre: float, names: tuple[str, ...] = tuple(HEAD)) -> tuple[Landmark, ...]:
    """One head's landmarks around (0, 0, centre); up = -1 turns it about the front-back axis."""
    return tuple(
        Landmark(
            name=name,
            position=(up * HEAD[name][0], HEAD[name][1], centre + up * HEAD[name][2]),
            scatter=1.0,
            confirmed_by=("one", "two"),
        )
        for name in names
    )


def swap_sides(landmarks: tuple[Landmark, ...]) -> tuple[Landmark, ...]:
    places = {mark.name: mark.position for mark in landmarks}
    turned = {"left": "right", "right": "left"}
    return tuple(
        replace(
            mark,
            position=places["-".join(turned.get(part, part) for part in mark.name.split("-"))],
        )
        for mark in landmarks
    )


def ct(shift: float = 0.0) -> Volume:
    voxels = np.full((24, 24, 40), -1000, dtype=np.int16)
    voxels[4:20, 4:20, 2:38] = 40
    voxels[6:8, 6:18, 4:36] = 900
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    affine[:3, 3] = (-60.0, -60.0, -100.0 + shift)
    return Volume(
        voxels=voxels, affine=affine, frame_of_reference="2.25.5", modality="CT", source="ct"
    )


PAIR = (
    GroupMember(patient_id="P-A", twin=TwinId.A, position="1\\1\\1"),
    GroupMember(patient_id="P-B", twin=TwinId.B, position="1\\1\\2"),
)


def raw(name: str = "dicom", origin: str = "dicom", volume: Volume | None = None) -> RawSeries:
    return RawSeries(
        origin=origin,
        name=name,
        role_hint="ct",
        volume=volume or ct(),
        patient_ids=("PAIR",) if origin == "dicom" else (),
        study_uids=("2.25.1",) if origin == "dicom" else (),
        group=PAIR,
        sha256="0" * 64,
    )


def entry(path: str = "dicom", role: str = "ct", subject: Subject = Subject.SHARED) -> SeriesEntry:
    return SeriesEntry(role=role, path=path, subject=subject, evidence="the team")


FILE = CaseFile(
    id="pair",
    born=date(2026, 1, 1),
    imaged=date(2026, 8, 1),
    earliest_operation=date(2026, 9, 1),
    latest_operation=date(2027, 3, 1),
    hemisphere="north",
    twins={
        "A": TwinEntry(
            label="Ada", sex="female", weight_kg=7.0, patient_id="P-A", landmarks=marks(1, -50)
        ),
        "B": TwinEntry(
            label="Bob", sex="male", weight_kg=8.0, patient_id="P-B", landmarks=marks(-1, 50)
        ),
    },
    series=(entry(),),
)


def twin(letter: str, **changes: object) -> CaseFile:
    twins = dict(FILE.twins)
    twins[letter] = replace(twins[letter], **changes)  # type: ignore[arg-type]
    return replace(FILE, twins=twins)


def failed(case: Case) -> list[str]:
    return [check.name for check in case.checks if not check.passed]


def test_a_sound_case_opens_with_all_checks_passed() -> None:
    case = open_case(FILE, [raw()])
    assert failed(case) == []
    assert [str(found.id) for found in case.twins] == ["A", "B"]
    assert case.twins[0].weight == 7.0
    assert case.brief.latest_operation == date(2027, 3, 1)
    assert {check.name for check in case.checks} == {
        "labels-differ",
        "dates",
        "members-ct-dicom",
        "frame-of-reference",
        "same-grid",
        "values-ct",
        *(f"landmarks-{what}-{t}" for what in ("inside", "side", "confirmed") for t in "AB"),
    }


def test_all_faults_come_at_once() -> None:
    file = replace(twin("A", weight_kg=7000.0), earliest_operation=date(2026, 7, 1))
    file = replace(file, hemisphere="east", series=(entry("lost"),))
    with pytest.raises(InputErrors) as caught:
        open_case(file, [raw()])
    assert [fault.message.split(" ")[0] for fault in caught.value.faults] == [
        "twins.A.weight_kg",
        "earliest",
        "series",
    ]


def test_one_twin_is_refused() -> None:
    with pytest.raises(InputErrors, match="describes A, expected exactly the twins A and B"):
        open_case(replace(FILE, twins={"A": FILE.twins["A"]}), [raw()])


def test_no_series_is_refused() -> None:
    with pytest.raises(InputErrors, match=r"names no \[\[series\]\]"):
        open_case(replace(FILE, series=()), [])


def test_safety_comes_before_other_faults_and_tells_them_too() -> None:
    file = replace(twin("A", label="B\u043eb"), hemisphere="east")
    with pytest.raises(SafetyRefusal, match=r"labels that look the same.*hemisphere is 'east'"):
        open_case(file, [raw()])


def test_look_alike_labels_are_a_doubt() -> None:
    assert failed(open_case(twin("A", label="Rob"), [raw()])) == ["labels-differ"]


def test_both_formats_are_compared_and_the_dicom_is_used() -> None:
    file = replace(FILE, series=(entry("ct.nii.gz"), entry("dicom")))
    turned = ct()
    flipped = replace(
        turned,
        voxels=turned.voxels[::-1],
        affine=turned.affine @ np.array([[-1, 0, 0, 23], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        source="nifti",
    )
    case = open_case(file, [raw("ct.nii.gz", "nifti", flipped), raw()])
    assert [series.volume.source for series in case.volumes] == ["ct"]
    assert "formats-agree-ct" in {check.name for check in case.checks if check.passed}


def test_formats_that_differ_are_refused() -> None:
    file = replace(FILE, series=(entry("ct.nii.gz"), entry("dicom")))
    other = ct().on_this_grid(ct().voxels + np.int16(3), modality="CT", source="nifti")
    with pytest.raises(SafetyRefusal, match="voxels differ by up to 3"):
        open_case(file, [raw("ct.nii.gz", "nifti", other), raw()])
    with pytest.raises(SafetyRefusal, match="differ in frame of reference or grid"):
        open_case(file, [raw("ct.nii.gz", "nifti", ct(1.0)), raw()])


def two_series(second: RawSeries) -> Callable[[], Case]:
    file = replace(FILE, series=(entry("dicom"), entry("second", "ctv")))
    return lambda: open_case(file, [raw(), second])


def other_study(**changes: object) -> RawSeries:
    found = replace(raw("second"), study_uids=("2.25.2",))
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (other_study(volume=replace(ct(), frame_of_reference="2.25.6")), "different frames of ref"),
        (other_study(volume=ct(2.0)), "lie on different grids"),
        (replace(raw("second"), patient_ids=("OTHER",)), "one study holds 2 different Patient IDs"),
        (other_study(group=PAIR[:1]), r"names 1 patients.*so 2 expected"),
        (other_study(group=(PAIR[0], PAIR[0])), "shows A and A by its own account"),
        (
            other_study(group=(PAIR[0], replace(PAIR[1], patient_id="P-C"))),
            "names a patient whose ID is neither twin's",
        ),
        (
            other_study(group=(replace(PAIR[0], twin=TwinId.B), replace(PAIR[1], twin=TwinId.A))),
            "gives to twin A is twin B by the file",
        ),
    ],
)
def test_doubt_of_identity_or_frame_is_refused(second: RawSeries, words: str) -> None:
    with pytest.raises(SafetyRefusal, match=words) as caught:
        two_series(second)()
    assert "P-A" not in str(caught.value)
    assert "OTHER" not in str(caught.value)


def test_series_of_a_single_twin_given_as_the_other_is_refused() -> None:
    file = replace(FILE, series=(entry(subject=Subject.B),))
    with pytest.raises(SafetyRefusal, match="shows A by its own account, and B by case"):
        open_case(file, [replace(raw(), group=PAIR[:1])])


def test_unknown_members_are_a_doubt() -> None:
    unnamed = tuple(replace(member, twin=None) for member in PAIR)
    untied = replace(twin("A", patient_id=""))
    untied = replace(
        untied, twins=dict(untied.twins) | {"B": replace(FILE.twins["B"], patient_id="")}
    )
    assert failed(open_case(untied, [replace(raw(), group=unnamed)])) == ["members-ct-dicom"]
    assert failed(open_case(FILE, [replace(raw(), group=unnamed)])) == []
    assert failed(open_case(FILE, [replace(raw(), group=())])) == ["members-ct-dicom"]


def test_series_nobody_named_is_a_doubt() -> None:
    assert failed(open_case(FILE, [raw(), raw("more")])) == ["series-listed"]


def test_values_that_are_no_hu_are_refused() -> None:
    unscaled = ct().on_this_grid(ct().voxels + np.int16(1024), modality="CT", source="u")
    with pytest.raises(InputErrors, match=r"values 24 to 1924 with 0.0% air.* expected HU"):
        open_case(FILE, [raw(volume=unscaled)])


def test_lengths_that_are_no_millimetres_are_refused() -> None:
    small = replace(ct(), affine=np.diag([0.005, 0.005, 0.005, 1.0]))
    with pytest.raises(InputErrors, match=r"expected voxels of 0\.05 to 10 mm"):
        open_case(FILE, [raw(volume=small)])


def test_wrong_modality_for_the_role() -> None:
    with pytest.raises(InputErrors, match="has modality CT, expected MR"):
        open_case(replace(FILE, series=(entry(role="mr"),)), [raw()])


@pytest.mark.parametrize(
    "names",
    [tuple(HEAD), ("nasion", "porion-left", "porion-right", "basion")],
)
@pytest.mark.parametrize("letter", ["A", "B"])
def test_swapped_sides_of_landmarks_are_refused(letter: str, names: tuple[str, ...]) -> None:
    up, centre = (1, -50) if letter == "A" else (-1, 50)
    assert failed(open_case(twin(letter, landmarks=marks(up, centre, names)), [raw()])) == []
    file = twin(letter, landmarks=swap_sides(marks(up, centre, names)))
    with pytest.raises(SafetyRefusal, match=f"landmarks of twin {letter} are those of a mirrored"):
        open_case(file, [raw()])


def test_landmarks_that_decide_nothing_are_a_doubt() -> None:
    few = twin("A", landmarks=marks(1, -50, ("nasion",)))
    assert failed(open_case(few, [raw()])) == ["landmarks-side-A"]
    vague = tuple(replace(mark, scatter=8.0) for mark in marks(1, -50))
    assert failed(open_case(twin("A", landmarks=vague), [raw()])) == ["landmarks-side-A"]
    alone = tuple(replace(mark, confirmed_by=("one", "one")) for mark in marks(1, -50))
    assert failed(open_case(twin("A", landmarks=alone), [raw()])) == ["landmarks-confirmed-A"]


@pytest.mark.parametrize(
    ("landmarks", "words"),
    [
        (marks(1, -500), "landmark nasion of twin A at .* lies outside 'ct'"),
        (marks(1, -50) + marks(1, -50, ("basion",)), "landmarks basion that are unknown or rep"),
        (
            tuple(
                replace(mark, position=tuple(0.1 * part for part in mark.position))  # type: ignore[arg-type]
                for mark in marks(1, 0)
            ),
            r"the porions are 6\.0 mm apart",
        ),
    ],
)
def test_landmarks_out_of_place_are_refused(landmarks: tuple[Landmark, ...], words: str) -> None:
    with pytest.raises(InputErrors, match=words):
        open_case(twin("A", landmarks=landmarks), [raw()])


def test_one_head_marked_under_both_letters_is_refused() -> None:
    with pytest.raises(SafetyRefusal, match="one head was marked under both letters"):
        open_case(twin("B", landmarks=marks(1, -50)), [raw()])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_axes_turn_to_lps_and_every_voxel_stays(order: tuple[int, int, int]) -> None:
    for signs in product((1.0, -1.0), repeat=3):
        affine = np.eye(4)
        affine[:3, :3] = (np.diag([1.0, 2.0, 3.0]) * np.array(signs))[:, order]
        affine[:3, 3] = (4.0, -5.0, 6.0)
        volume = Volume(
            voxels=np.arange(24).reshape(2, 3, 4),
            affine=affine,
            frame_of_reference="2.25.5",
            modality="CT",
            source="turned",
        )
        found = turn_to_lps(volume)
        assert np.allclose(found.affine[:3, :3], np.diag([1.0, 2.0, 3.0]))
        for index in ((0, 0, 0), (1, 2, 3), (1, 0, 2)):
            place = volume.to_lps(np.array(index, dtype=float))
            there = tuple(np.round(found.to_index(place)).astype(int))
            assert found.voxels[there] == volume.voxels[index]


def test_mirror_swapping_the_twins_swaps_the_case_and_nothing_else() -> None:
    case = open_case(FILE, [raw()])
    swapped_file = replace(FILE, twins={"A": FILE.twins["B"], "B": FILE.twins["A"]})
    group = tuple(replace(m, twin=m.twin.other if m.twin else None) for m in reversed(PAIR))
    mirrored = open_case(swapped_file, [replace(raw(), group=group)])
    assert [replace(t, id=t.id.other) for t in reversed(mirrored.twins)] == list(case.twins)
    assert mirrored.volumes[0].volume.content_hash == case.volumes[0].volume.content_hash
    assert mirrored.brief == case.brief
    swap = {"A": "B", "B": "A"}
    names = [c.name[:-1] + swap.get(c.name[-1], c.name[-1]) for c in mirrored.checks]
    assert sorted(names) == sorted(c.name for c in case.checks)
