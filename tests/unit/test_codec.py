"""Values survive the way to disk and back, and foreign trees are refused with their path."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from diptych.model import (
    EdgeError,
    InputError,
    Measured,
    Millimetre,
    Staff,
    Subject,
    TwinId,
    Volume,
)
from diptych.storage.blobs import hash_folder, load_value, save_value
from diptych.storage.codec import decode, encode


@dataclass(frozen=True, kw_only=True)
class Leaf:
    width: Millimetre
    twin: TwinId
    day: date
    maybe: int | None


@dataclass(frozen=True, kw_only=True)
class Branch:
    text: str


@dataclass(frozen=True, kw_only=True)
class Tree:
    leaves: tuple[Leaf, ...]
    pair: tuple[int, str]
    counts: Mapping[TwinId, int]
    either: Leaf | Branch
    grid: NDArray[np.int16]
    raw: bytes


def tree() -> Tree:
    leaf = Leaf(width=Millimetre(1.25), twin=TwinId.B, day=date(2020, 10, 25), maybe=None)
    return Tree(
        leaves=(leaf, leaf),
        pair=(3, "Аня"),
        counts={TwinId.A: 1, TwinId.B: 2},
        either=Branch(text="b"),
        grid=np.arange(6, dtype=np.int16).reshape(2, 3),
        raw=b"\x00\xff",
    )


def test_people_keep_their_absences_and_times_on_call() -> None:
    ann = Staff(
        id="ann",
        name="Ann",
        role="nurse",
        skills=("scrub",),
        team="A",
        start=0,
        end=60,
        absences=((5, 9),),
        on_call=((-30, 0, 20), (60, 90, 5)),
    )
    assert decode(Staff, *encode(ann)) == ann


def test_round_trip() -> None:
    made = tree()
    back = decode(Tree, *encode(made))
    assert back.leaves == made.leaves
    assert back.pair == (3, "Аня")
    assert back.counts == {TwinId.A: 1, TwinId.B: 2}
    assert back.either == Branch(text="b")
    assert back.raw == b"\x00\xff"
    np.testing.assert_array_equal(back.grid, made.grid)


def test_volume_round_trip_on_disk_is_byte_identical(tmp_path: Path) -> None:
    volume = Volume(
        voxels=np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        affine=np.diag([1.5, 1.5, 2.0, 1.0]),
        frame_of_reference="2.25.1",
        modality="CT",
        source="made by hand",
    )
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save_value(tmp_path / name, "volume", volume)
    assert hash_folder(tmp_path / "one") == hash_folder(tmp_path / "two")
    back = load_value(tmp_path / "one", "volume", Volume)
    assert back.content_hash == volume.content_hash


def test_fields_of_another_version_are_named() -> None:
    encoded, arrays = encode(Branch(text="x"))
    assert isinstance(encoded, dict)
    with pytest.raises(InputError, match="fields colour do not fit Branch"):
        decode(Branch, encoded | {"colour": "red"}, arrays)


def test_wrong_type_names_the_path() -> None:
    encoded, arrays = encode(tree())
    assert isinstance(encoded, dict)
    encoded["leaves"][1]["width"] = "wide"
    with pytest.raises(InputError, match=r"leaves\.1\.width is 'wide', expected float"):
        decode(Tree, encoded, arrays)


def test_a_true_is_not_a_number() -> None:
    with pytest.raises(InputError, match="expected int"):
        decode(tuple[int, ...], [True], {})  # type: ignore[arg-type]


def test_missing_array_is_named(tmp_path: Path) -> None:
    save_value(tmp_path, "tree", tree())
    (tmp_path / "tree.grid.npy").unlink()
    with pytest.raises(InputError, match="array 'grid' is missing"):
        load_value(tmp_path, "tree", Tree)


def test_missing_file_is_an_edge_error(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"tree\.json cannot be read"):
        load_value(tmp_path, "tree", Tree)


def test_what_has_no_place_in_a_file_is_refused() -> None:
    with pytest.raises(InputError, match="a set, which has no place"):
        encode({"odd": {1, 2}})


def test_values_of_the_model_check_themselves_when_read() -> None:
    made = Measured(value=2.0, low=1.0, high=3.0, unit="cm2")
    encoded, arrays = encode(made)
    assert isinstance(encoded, dict)
    with pytest.raises(InputError, match="expected low <= value <= high"):
        decode(Measured, encoded | {"value": 9.0}, arrays)


def test_enums_are_read_by_value() -> None:
    assert decode(Subject, "BOTH", {}) is Subject.BOTH
