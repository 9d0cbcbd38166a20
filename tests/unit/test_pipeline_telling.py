"""The anatomy as rows: pinned keys, amounts that add up, and what is not known as null."""

from dataclasses import replace
from json import dumps, loads
from pathlib import Path

import pytest
from anatomy_toys import Toy, map_toy

from diptych.anatomy import OLD_INTERVALS
from diptych.model import Tissue
from diptych.pipeline.telling import tell_anatomy

KEYS = {
    "": "classification drainage intervals measures notes owners schema scope tissue_confidence"
    " vessels",
    "classification": "ambiguous distances label long_axis_angle oconnell reasons rotation"
    " shared_sinus shared_sinus_evidence winston",
    "scope": "craniopagus findings impossible possible",
    "drainage": "crossed_ml_min shares",
    "owners": "A B SHARED UNKNOWN",
}
VESSEL = (
    "calibre_mm confidence end flow id kind length_mm name name_confidence owner start territory_ml"
)
SHARE = "flow hemisphere outlet outlet_side root share twin"
ROW = "mean_percent unsure_ml volume_ml"


@pytest.fixture(scope="module")
def told() -> dict:
    tree = tell_anatomy(map_toy())
    assert loads(dumps(tree)) == tree
    return tree


def test_keys_are_pinned(told) -> None:
    for part, keys in KEYS.items():
        assert sorted(told[part] if part else told) == keys.split(), part
    assert all(sorted(row) == VESSEL.split() for row in told["vessels"])
    assert all(sorted(row) == SHARE.split() for row in told["drainage"]["shares"])
    assert all(sorted(row) == ROW.split() for row in told["tissue_confidence"].values())
    assert told["schema"] == "diptych.anatomy/1"


def test_every_key_is_documented(told) -> None:
    folder = Path(__file__).parents[2] / "docs" / "reference"
    pages = [(folder / name).read_text("utf-8") for name in ("anatomy-json.md", "plan-json.md")]
    words = [*told, *VESSEL.split(), *SHARE.split(), *ROW.split()]
    assert [
        word for word in words if not any(f"`{word}" in p or f".{word}`" in p for p in pages)
    ] == []


def test_amounts_add_up(told) -> None:
    anatomy = map_toy()
    body = float((anatomy.tissues.voxels != Tissue.AIR).sum()) * anatomy.tissues.voxel_volume
    owners = sum(row["volume_ml"] for row in told["owners"].values())
    tissues = sum(row["volume_ml"] for row in told["tissue_confidence"].values())
    assert owners == pytest.approx(body, abs=0.01)
    assert tissues == pytest.approx(body, abs=0.01)
    assert "air" not in told["tissue_confidence"]
    for twin in "AB":
        for half in ("left", "right"):
            shares = [
                row["share"]
                for row in told["drainage"]["shares"]
                if (row["twin"], row["hemisphere"]) == (twin, half)
            ]
            assert sum(shares) == pytest.approx(1.0)


def test_what_is_not_known_is_null() -> None:
    bare = replace(map_toy(), scope=None, tissue_confidence=None, notes=(OLD_INTERVALS,))
    bare = replace(bare, classification=replace(bare.classification, oconnell="", winston=""))
    tree = tell_anatomy(bare)
    assert tree["scope"] is None
    assert tree["tissue_confidence"] is None
    assert tree["classification"]["oconnell"] is None
    assert tree["intervals"] == "before correction"
    assert tell_anatomy(map_toy(Toy()))["intervals"] == "measured"
