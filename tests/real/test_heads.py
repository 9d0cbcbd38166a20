"""Heads that are not part of the repository: Debian's CT, and shared development scans."""

from pathlib import Path

import numpy as np
import pytest

from diptych.demonstration import PairOrder, make_pair
from diptych.model import InputError, Owner
from diptych.pipeline.heads import find_head

DEBIAN = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "ct"

pytestmark = [pytest.mark.real, pytest.mark.slow]


def heads() -> list[Path]:
    return [path for path in (DEBIAN, *sorted(SHARED.glob("*.nii.gz"))) if path.is_file()]


def test_a_pair_is_made_from_a_real_ct() -> None:
    found = heads()
    if not found:
        pytest.skip("NO REAL HEAD CT HERE: neither invesalius-examples nor ../shared/data/ct")
    head = find_head(found[-1])
    assert head.modality == "CT"
    pair = make_pair(head, PairOrder(type="TA", spacing=2.5))
    assert pair.made_from.endswith("not a patient")
    owners = np.unique(pair.truth.owner.voxels).tolist()
    assert {Owner.A, Owner.B} <= set(owners)


def test_the_mean_head_is_an_mr() -> None:
    if DEBIAN.is_file():
        pytest.skip("DEBIAN'S CT IS INSTALLED HERE, so the mean head is not the default")
    assert find_head(None).modality == "MR"


def test_a_damaged_project_is_told(tmp_path: Path) -> None:
    (tmp_path / "Cranium.inv3").write_bytes(b"\x1f\x8b not a project")
    with pytest.raises(InputError, match=r"Cranium\.inv3 cannot be read as an InVesalius project"):
        find_head(tmp_path / "Cranium.inv3")


def test_a_missing_head_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'none\.nii' does not exist"):
        find_head(tmp_path / "none.nii")
