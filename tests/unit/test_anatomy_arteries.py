"""Arteries of a toy pair with two phases of contrast: apart from veins, owned, with flow."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from anatomy_toys import STEP, TABLES, Toy, draw, tube
from blood_images import lay_images

from diptych.anatomy import map_anatomy
from diptych.anatomy.arteries import _thin, share_crossed
from diptych.anatomy.phases import part_phases
from diptych.anatomy.tissues import Compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.model import Anatomy, Case, Owner, Tissue, TwinId

RADIUS = 2.2


def lines() -> list[np.ndarray]:
    """A trunk and two branches of each twin, and one of the lower twin's to the other."""
    found = []
    for sign in (-1.0, 1.0):
        fork = [12.0, -8.0, sign * 58.0]
        found.append(np.array([[12.0, -8.0, sign * 95.0], fork]))
        found.append(np.array([fork, [26.0, -12.0, sign * 30.0]]))
        found.append(np.array([fork, [-22.0, -10.0, sign * 30.0]]))
    found.append(np.array([[12.0, -8.0, -58.0], [6.0, -14.0, -20.0], [10.0, -16.0, 24.0]]))
    return found


@cache
def case(series: tuple[str, ...] = ("ct", "ctv", "cta"), swapped: bool = False) -> Case:
    """The toy pair with arteries, and of its series those asked for."""
    made = draw(Toy(swapped=swapped))
    plain, venous = (entry.volume.voxels.astype(float) for entry in made.volumes)
    share = np.zeros(plain.shape)
    for line in lines():
        dense = np.concatenate([np.linspace(a, b, 40) for a, b in pairwise(line)])
        share = np.maximum(share, np.clip(0.5 - (tube(dense) - RADIUS) / STEP, 0.0, 1.0))
    early = plain + 0.2 * np.maximum(venous - plain, 0.0) * (plain < 200.0)
    early += share * (330.0 - early)
    late = venous + share * (150.0 - venous)
    volumes = {"ct": plain + share * (48.0 - plain), "ctv": late, "cta": early}
    first = made.volumes[0]
    return replace(
        made,
        volumes=tuple(
            replace(
                first,
                role=role,
                volume=replace(first.volume, voxels=np.rint(volumes[role]).astype(np.int16)),
            )
            for role in series
        ),
    )


@cache
def mapped(series: tuple[str, ...] = ("ct", "ctv", "cta"), swapped: bool = False) -> Anatomy:
    return map_anatomy(case(series, swapped), tables=TABLES)


def test_two_equations_part_the_blood_of_each_voxel() -> None:
    veins, arteries = np.meshgrid(np.linspace(0, 1, 40), np.linspace(0, 1, 40))
    veins = np.concatenate([veins.ravel(), np.ones(200), np.zeros(200)])
    arteries = np.concatenate([arteries.ravel(), np.zeros(200), np.ones(200)])
    late = (160.0 * veins + 100.0 * arteries).astype(np.float32)
    early = (35.0 * veins + 280.0 * arteries).astype(np.float32)
    found = part_phases(late, early, np.ones(late.shape, dtype=bool))
    clear = arteries > 0.2
    np.testing.assert_allclose(found.venous[clear], 160.0 * veins[clear], atol=12.0)
    assert np.abs(found.arterial[(arteries == 0.0)]).max() < 12.0


def test_arteries_are_found_apart_and_belong_to_the_neck_they_come_from() -> None:
    anatomy = mapped()
    assert {vessel.kind for vessel in anatomy.arteries.vessels} == {"artery"}
    assert not any(vessel.kind == "artery" for vessel in anatomy.vessels.vessels)
    roots = [node.root for node in anatomy.arteries.nodes if node.root is not None]
    assert sorted(roots) == [TwinId.A, TwinId.B]
    crossing = [v for v in anatomy.arteries.vessels if "crossing artery A" in v.name]
    assert crossing and all(vessel.owner is Owner.A for vessel in crossing)
    place = np.array([[26.0, -12.0, -30.0], [-22.0, -10.0, 30.0]])
    index = np.rint(anatomy.tissues.to_index(place)).astype(int)
    assert set(anatomy.tissues.voxels[tuple(index.T)]) == {Tissue.VESSEL}
    assert anatomy.ownership.voxels[tuple(index.T)].tolist() == [Owner.A, Owner.B]


def test_the_veins_are_those_found_without_arteries() -> None:
    plain = map_anatomy(draw(Toy()), tables=TABLES).vessels
    assert sorted(v.name for v in mapped().vessels.vessels) == sorted(v.name for v in plain.vessels)


def test_what_a_brain_gets_from_the_other_neck_is_told_and_swaps() -> None:
    anatomy, other = mapped(), mapped(swapped=True)
    share = share_crossed(anatomy.arteries, TwinId.B)
    assert 0.05 < share < 0.6
    assert share_crossed(anatomy.arteries, TwinId.A) == 0.0
    assert share_crossed(other.arteries, TwinId.A) == pytest.approx(share, abs=1e-9)
    assert any("of the arterial blood of B comes from A's neck" in n for n in anatomy.notes)
    assert anatomy.scope is not None and not any("arteries" in w for w in anatomy.scope.impossible)


def test_an_arterial_phase_alone_shows_arteries_and_no_veins() -> None:
    anatomy = mapped(("ct", "cta"))
    assert anatomy.arteries.vessels and not anatomy.vessels.vessels
    assert any("taken for arteries, and no vein was traced" in note for note in anatomy.notes)
    assert anatomy.scope is not None
    assert any("no venous phase is given" in line for line in anatomy.scope.impossible)
    assert not anatomy.classification.shared_sinus and anatomy.classification.ambiguous


def test_with_sinuses_in_the_only_phase_nothing_is_called_an_artery() -> None:
    made = case(("ct", "ctv"))
    mixed = replace(made, volumes=(made.volumes[0], replace(made.volumes[1], role="cta")))
    anatomy = map_anatomy(mixed, tables=TABLES)
    assert anatomy.vessels.vessels and not anatomy.arteries.vessels
    assert any("cannot be told apart" in note for note in anatomy.notes)


def test_the_blur_that_thin_arteries_lose_contrast_by_is_taken_off_their_calibre() -> None:
    shape = (20, 5, 5)
    mask = np.zeros(shape, dtype=bool)
    mask[:, 1:4, 1:4] = True
    parts = Compartments(
        bone=np.zeros(shape, dtype=bool),
        cavity=np.ones(shape, dtype=bool),
        vessel=mask,
        depth=np.zeros(shape, dtype=np.float32),
        lumps=np.zeros(shape, dtype=np.int32),
        rise=np.full(shape, 200.0, dtype=np.float32),
    )
    path = np.stack([np.arange(20.0), np.zeros(20), np.zeros(20)], axis=1)
    branch = Branch(start=0, end=1, path=path, radius=np.full(20, 1.1))
    tree = Tree(nodes=path[[0, -1]], degree=np.array([1, 1]), branches=(branch,))
    # A disc of radius 1.1 under a blur of 0.93 mm (0.55, the voxel's 1.5 and the line between two)
    # is 50.3 % full.
    images = lay_images(parts.rise, parts.cavity, 1.5)
    found = _thin(tree, parts, images).branches[0].radius
    np.testing.assert_allclose(found, 1.1 * np.sqrt(0.5031), rtol=1e-3)
