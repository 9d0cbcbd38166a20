"""The generator against real anatomy: plate map, sinus routes, heads of other kinds."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree
from skimage.graph import route_through_array

from diptych.demonstration import PairOrder, make_pair, paint_labels
from diptych.demonstration.plates import LINES, trace_line
from diptych.demonstration.sinuses import TORCULA, TRANSVERSE
from diptych.model import Owner, Volume

FOLDERS = [folder / "shared" / "data" for folder in Path(__file__).resolve().parents]
MEANINGS = {0: "air", 1: "scalp", 2: "skull", 3: "fluid", 4: "grey", 5: "white", 6: "air"}

pytestmark = [pytest.mark.real, pytest.mark.slow]


def shared(name: str) -> Path:
    """The shared file of that name; skips loudly without it."""
    found = next((folder / name for folder in FOLDERS if (folder / name).is_file()), None)
    if found is None:
        pytest.skip(f"NO {name} HERE: ../shared/data is not beside the repository")
    return found


def read(name: str) -> Volume:
    image = nibabel.load(shared(name))
    voxels = np.asarray(image.dataobj)
    return Volume(
        voxels=voxels,
        affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine,
        frame_of_reference="2.25.1",
        modality="CT" if voxels.min() < -500 else "MR",
        source=name,
    )


def read_map(name: str) -> np.ndarray:
    """The voxels of a MetaImage with local float data."""
    content = shared(f"infant_shape/{name}").read_bytes()
    head, _, rest = content.partition(b"ElementDataFile = LOCAL\n")
    facts = dict(line.split(" = ") for line in head.decode().splitlines())
    channels = int(facts.get("ElementNumberOfChannels", 1))
    shape = [int(n) for n in facts["DimSize"].split()][::-1]
    return np.frombuffer(rest, "<f4").reshape(*shape, channels).squeeze()


def border(plates: np.ndarray, places: np.ndarray, one: set[int], other: set[int]) -> np.ndarray:
    """Directions (N, 3), own frame, of the line between two groups of plates."""
    found = []
    for axis in (0, 1):
        a, b = plates, np.roll(plates, -1, axis)
        on = np.isin(a, list(one)) & np.isin(b, list(other))
        on |= np.isin(a, list(other)) & np.isin(b, list(one))
        found.append(0.5 * (places + np.roll(places, -1, axis))[on])
    points = np.concatenate(found)
    points = points[np.abs(points).sum(axis=1) > 5.0]
    used = places[np.abs(places).sum(axis=2) > 0]
    points = points - [0.0, 0.5 * (used[:, 1].min() + used[:, 1].max()), 0.0]
    points = points * [1.0, -1.0, 1.0]
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def test_our_plate_map_agrees_with_an_average_infant_calvaria() -> None:
    plates = read_map("averageBoneSegmentationSphericalImage.mha").astype(int)
    places = read_map("InitialShapeImage.mha").astype(float)
    known = {
        "metopic": ({1}, {2}),
        "sagittal": ({3}, {4}),
        "coronal": ({1, 2}, {3, 4}),
        "lambdoid": ({3, 4}, {5}),
    }
    pitch = np.radians(10.0)
    back = np.array(
        [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    )
    for name, (one, other) in known.items():
        real = border(plates, places, one, other)
        sides = (1.0, -1.0) if name in {"coronal", "lambdoid"} else (1.0,)
        ours = np.concatenate([(back @ trace_line(LINES[name], side)).T for side in sides])
        away = 50.0 * cKDTree(real).query(ours)[0]
        assert np.mean(away) < 3.0 and np.percentile(away, 95) < 7.0, name


def test_our_sinus_route_follows_the_real_one() -> None:
    image = nibabel.load(shared("vessels/CT_AVM.nii.gz"))
    values = np.asarray(image.dataobj, dtype=np.float32)
    step = np.abs(np.diag(image.affine)[:3])
    full = values > 320.0
    columns = np.nonzero(full.any(axis=(1, 2)))[0]
    middle_x = 0.5 * (columns.min() + columns.max())
    column = full[round(middle_x) - 8 : round(middle_x) + 9].any(axis=0)
    rows = np.nonzero(column.sum(axis=1) > 2)[0]
    top = int(np.nonzero(column.any(axis=0))[0].max())
    origin = np.array(
        [middle_x * step[0], 0.5 * (rows.min() + rows.max()) * step[1], top * step[2] - 65.0]
    )

    def voxel(own: np.ndarray) -> np.ndarray:
        """Index of an own-frame point (left, posterior, superior; the image is RAS)."""
        return (origin + own * [-1.0, -1.0, 1.0]) / step

    deep = distance_transform_edt(values > 200.0, sampling=step)
    cost = np.where(deep > 0.0, 1.0 / (0.7 + deep), 60.0)
    bright = cKDTree(np.argwhere(full) * step)
    angle = np.radians(-TORCULA)
    torcula = 81.0 * np.array([0.0, np.sin(angle), np.cos(angle)])
    for side in (1.0, -1.0):
        route = [torcula, *(np.array(station) * [side, 1.0, 1.0] for station in TRANSVERSE)]
        ends = [bright.query(voxel(point) * step)[1] for point in (route[0], route[-1])]
        first, last = (np.rint(bright.data[index] / step).astype(int) for index in ends)
        path, _ = route_through_array(cost, first, last, geometric=True)
        corners = np.array([voxel(point) * step for point in route])
        along = np.linspace(0.0, len(corners) - 1.0, 200)
        ours = np.stack(
            [np.interp(along, np.arange(len(corners)), corners[:, a]) for a in range(3)], axis=1
        )
        away = cKDTree(np.array(path) * step).query(ours)[0]
        print(f"side {side}: {away.mean():.1f} mm")
        assert away.mean() < 6.5, f"side {side}: {away.mean():.1f} mm"
        drawn = np.linalg.norm(np.diff(ours, axis=0), axis=1).sum()
        real = np.linalg.norm(np.diff(np.array(path) * step, axis=0), axis=1).sum()
        assert 0.75 < drawn / real < 1.25


@pytest.mark.parametrize("kind", ["TV-I", "PA"])
def test_a_pair_of_a_ct_and_a_label_map(kind: str) -> None:
    ct = read("ct/cranium_headct_debian_invesalius.nii.gz")
    labels = paint_labels(read("labels/colin27_6tissue_1mm.nii.gz"), MEANINGS)
    check_pair(make_pair(ct, PairOrder(type=kind, spacing=2.5, hard=True), second=labels))


def test_a_pair_of_a_ct_and_a_newborn() -> None:
    ct = read("ct/cranium_headct_debian_invesalius.nii.gz")
    newborn = read("mr/babybrain_newborn_T1_defaced.nii.gz")
    order = PairOrder(type="TA", spacing=2.5, hard=True, phase="both")
    check_pair(make_pair(ct, order, second=newborn))


def check_pair(pair) -> None:
    owners = pair.truth.owner.voxels
    assert {Owner.A, Owner.B} <= set(np.unique(owners).tolist())
    a, b = (pair.truth.parameters[f"brain-{letter}-ml"] for letter in "AB")
    assert 500.0 < a < 1000.0 and 500.0 < b < 1000.0
    skin = cKDTree(np.argwhere(pair.truth.tissues.voxels > 0)[::7])
    for marks in pair.landmarks.values():
        for mark in marks:
            index = pair.truth.tissues.to_index(np.array(mark.position))
            assert skin.query(index)[0] * pair.truth.tissues.spacing[0] < 12.0, mark.name
