"""Accuracy on demonstration pairs, beside the best flat plane, against the bounds.

    python benchmarks/accuracy.py [--types PA TV-II] [--seeds 1 2] [--spacing 1.5] [--json]

Makes each pair, maps its anatomy, plans the separation, and scores both against the truth
where it is hard (see scoring.py). Exit code 1 when a bound is broken.
"""

import argparse
import json
import sys
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
import scoring
import vessel_scoring
from scipy.spatial import cKDTree

from diptych.demonstration import TYPES, DemonstrationPair, PairOrder, PairTruth, make_pair
from diptych.model import (
    Anatomy,
    Brief,
    Case,
    CaseId,
    SeparationPlan,
    Series,
    Subject,
    Twin,
    TwinId,
    Volume,
)
from diptych.tables.load import load_table, table_names

BOUNDS = {
    "map_wrong_%": 2.0,
    "cut_wrong_%": 2.0,
    "vein_wrong_%": 2.0,
    "vessel_wrong_%": 2.0,
    "calibre_error_%": 10.0,
    "cut_mean_mm": 1.0,
    "cut_p95_mm": 3.0,
    "angle_error_deg": 3.0,
    "rotation_error_deg": 5.0,
}
TIMES_BETTER = 3.0
LEAST_DICE = 0.85
LEAST_LINES = 0.95
COMPARED = ("map_wrong_%", "cut_wrong_%", "vein_wrong_%", "cut_mean_mm", "cut_p95_mm")


def find_head() -> tuple[Path, str]:
    """The head file that pydeface brings, and its name for people."""
    spec = find_spec("pydeface")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pydeface is not installed: install diptych[demo], or give --head FILE")
    folder = Path(spec.submodule_search_locations[0])
    return (
        folder / "data" / "mean_reg2mean.nii.gz",
        "the mean T1 head that the package pydeface brings",
    )


def read_volume(path: Path, source: str) -> Volume:
    """A NIfTI file as a volume; CT when its values reach far below zero."""
    image = nibabel.load(path)
    voxels = np.asarray(image.dataobj)
    return Volume(
        voxels=voxels,
        affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine,
        frame_of_reference="2.25.1",
        modality="CT" if voxels.min() < -500 else "MR",
        source=source,
    )


def make_case(pair: DemonstrationPair, order: PairOrder) -> Case:
    """The case that intake would open from the pair (no truth in it)."""
    twins = tuple(
        Twin(
            id=twin,
            label=f"Twin {twin}",
            sex="female",
            weight=None,
            landmarks=pair.landmarks[twin],
        )
        for twin in (TwinId.A, TwinId.B)
    )
    series = tuple(
        Series(role=role, subject=Subject.SHARED, evidence="demonstration pair", volume=volume)
        for role, volume in pair.series
    )
    brief = Brief(
        born=date(2025, 1, 10),
        imaged=date(2025, 10, 24),
        earliest_operation=date(2025, 11, 1),
        latest_operation=date(2026, 5, 1),
        hemisphere="north",
        made_from=pair.made_from,
        notes="",
    )
    return Case(
        id=CaseId(f"demonstration-{order.type}-{order.seed}"),
        twins=(twins[0], twins[1]),
        volumes=series,
        brief=brief,
        checks=(),
    )


def find_kinds(truth: PairTruth, asked: tuple[str, ...]) -> scoring.Mask:
    """Vessel voxels whose nearest vessel is of one of these kinds."""
    mask = truth.tissues.voxels == scoring.VESSEL
    vessels = truth.vessels.vessels
    tree = cKDTree(np.concatenate([vessel.path for vessel in vessels]))
    kinds = np.concatenate([np.full(len(v.path), v.kind in asked) for v in vessels])
    _, nearest = tree.query(scoring.positions(truth.tissues.affine, mask))
    result = np.zeros(mask.shape, dtype=bool)
    result[mask] = kinds[nearest]
    return result


def truth_arrays(pair: DemonstrationPair) -> scoring.TruthArrays:
    """The truth of a pair as the arrays that scoring works on."""
    truth = pair.truth
    return scoring.TruthArrays(
        owner=truth.owner.voxels.astype(np.uint8),
        tissues=truth.tissues.voxels.astype(np.uint8),
        veins=find_kinds(truth, ("vein",)),
        distance=truth.distance.voxels.astype(np.float64) / 10.0,
        interrupted=truth.interrupted.voxels.astype(bool),
        affine=truth.owner.affine,
    )


def score_map_and_cut(
    truth: scoring.TruthArrays, owner: scoring.Codes, side: scoring.Codes
) -> dict[str, float]:
    """The figures of an ownership map and a cut's sides, without comparison."""
    tissue = truth.tissues > 0
    twins = (truth.owner == scoring.A) | (truth.owner == scoring.B)
    whole = scoring.cut_distance(side, truth, tissue & ~truth.interrupted)
    apart = scoring.cut_distance(side, truth, tissue & truth.interrupted)
    return {
        "map_wrong_%": scoring.wrong_share(owner, truth.owner, truth.near),
        "map_wrong_interrupted_%": scoring.wrong_share(owner, truth.owner, truth.near_interrupted),
        "cut_wrong_%": scoring.wrong_share(side, truth.owner, truth.near),
        "cut_wrong_interrupted_%": scoring.wrong_share(side, truth.owner, truth.near_interrupted),
        "vein_wrong_%": scoring.wrong_vessel_share(owner, truth, truth.veins),
        "vessel_wrong_%": scoring.wrong_vessel_share(owner, truth, twins),
        "vessel_wrong_with_shared_%": scoring.wrong_vessel_share(owner, truth, tissue),
        "cut_mean_mm": whole.mean,
        "cut_p95_mm": whole.p95,
        "cut_mean_interrupted_mm": apart.mean,
        "cut_p95_interrupted_mm": apart.p95,
    }


def score_pair(
    pair: DemonstrationPair, anatomy: Anatomy, plan: SeparationPlan
) -> dict[str, object]:
    """All figures of one pair, the plane's figures, and the bounds that are broken."""
    truth = truth_arrays(pair)
    ours = score_map_and_cut(
        truth,
        anatomy.ownership.voxels.astype(np.uint8),
        plan.side.voxels.astype(np.uint8),
    )
    flat = scoring.plane_sides(truth, *scoring.best_plane(truth))
    plane = score_map_and_cut(truth, flat, flat)
    given = anatomy.classification
    ours |= {
        "vessel_dice": _vessel_dice(pair, anatomy),
        **_line_figures(pair, anatomy),
        "angle_error_deg": abs(given.long_axis_angle.value - pair.truth.long_axis_angle),
        "rotation_error_deg": abs(given.rotation.value - pair.truth.rotation),
    }
    result: dict[str, object] = {
        "ours": ours,
        "plane": plane,
        "times_better": {name: scoring.ratio(plane[name], ours[name]) for name in COMPARED},
        "class": {"said": given.label, "true": pair.truth.label},
        "cut": {
            "value": plan.proof.value,
            "flow": plan.proof.flow,
            "proven": plan.proof.proven,
        },
    }
    result["broken"] = broken_bounds(result)
    return result


def _asked(pair: DemonstrationPair) -> tuple[str, ...]:
    """Kinds of vessels that the pair's contrast asks for (see vessel_scoring.py)."""
    return vessel_scoring.ASKED[str(pair.truth.parameters["order-phase"])]


def _vessel_dice(pair: DemonstrationPair, anatomy: Anatomy) -> float:
    """Dice of the vessel voxels; those of vessels that are not asked for are left out."""
    true = pair.truth.tissues.voxels == scoring.VESSEL
    counted = ~true | find_kinds(pair.truth, _asked(pair))
    found = anatomy.tissues.voxels == scoring.VESSEL
    return scoring.dice(found & counted, true & counted)


def _line_figures(pair: DemonstrationPair, anatomy: Anatomy) -> dict[str, float]:
    """How well the vessel network agrees with the true one (see vessel_scoring.py)."""
    lines = vessel_scoring.score_network(anatomy.vessels, pair.truth.vessels, _asked(pair))
    return {
        "line_recall": lines.recall,
        "line_precision": lines.precision,
        "calibre_error_%": lines.calibre_error,
        "loops_missed": float(lines.loops - lines.loops_found),
        "loops_extra": float(lines.extra_loops),
        "line_owner_wrong_%": lines.wrong_owner,
        "line_name_wrong_%": lines.wrong_name,
        "artery_recall": lines.artery_recall,
    }


def broken_bounds(result: dict[str, object]) -> list[str]:
    """The bounds that a result breaks, in words; a missing figure (NaN) breaks its bound."""
    ours, better = result["ours"], result["times_better"]
    said, cut = result["class"], result["cut"]
    assert isinstance(ours, dict) and isinstance(better, dict)
    assert isinstance(said, dict) and isinstance(cut, dict)
    broken = [
        f"{name} {ours[name]:.2f} > {bound:g}"
        for name, bound in BOUNDS.items()
        if not ours[name] <= bound
    ]
    broken += [
        f"{name} only {better[name]:.1f} times better than a flat plane"
        for name in COMPARED
        if not better[name] >= TIMES_BETTER
    ]
    if not ours["vessel_dice"] >= LEAST_DICE:
        broken.append(f"vessel_dice {ours['vessel_dice']:.3f} < {LEAST_DICE:g}")
    broken += [
        f"{name} {ours[name]:.3f} < {LEAST_LINES:g}"
        for name in ("line_recall", "line_precision")
        if not ours[name] >= LEAST_LINES
    ]
    if ours["loops_missed"]:
        broken.append(f"{ours['loops_missed']:.0f} loops of the vessels not found")
    if said["said"] != said["true"]:
        broken.append(f"class {said['said']}, true {said['true']}")
    if cut["value"] != cut["flow"] or not cut["proven"]:
        broken.append(f"cut {cut['value']} and flow {cut['flow']}, proven: {cut['proven']}")
    return broken


def run_pair(order: PairOrder, head: Volume, second: Volume | None = None) -> dict[str, object]:
    """Makes, maps, plans and scores one pair."""
    from diptych.anatomy import map_anatomy
    from diptych.separation import plan

    tables = {name: load_table(name) for name in table_names()}
    start = time.perf_counter()
    pair = make_pair(head, order, second=second)
    made = time.perf_counter()
    case = make_case(pair, order)
    anatomy = map_anatomy(case, tables=tables)
    mapped = time.perf_counter()
    front = plan(case, anatomy, tables=tables)
    planned = time.perf_counter()
    result = score_pair(pair, anatomy, front.plan)
    result["pair"] = {"type": order.type, "seed": order.seed, "spacing": order.spacing}
    result["made_from"] = pair.made_from
    result["seconds"] = {
        "make": made - start,
        "anatomy": mapped - made,
        "separation": planned - mapped,
    }
    return result


COLUMNS = (
    ("map wrong % (plane)", "map_wrong_%", True),
    ("interr. %", "map_wrong_interrupted_%", False),
    ("cut wrong % (plane)", "cut_wrong_%", True),
    ("interr. %", "cut_wrong_interrupted_%", False),
    ("vein wrong % (plane)", "vein_wrong_%", True),
    ("vessels wrong %", "vessel_wrong_%", False),
    ("with shared %", "vessel_wrong_with_shared_%", False),
    ("cut mean mm (plane)", "cut_mean_mm", True),
    ("p95 mm (plane)", "cut_p95_mm", True),
    ("dice", "vessel_dice", False),
    ("lines found", "line_recall", False),
    ("lines true", "line_precision", False),
    ("calibre err %", "calibre_error_%", False),
    ("loops missed", "loops_missed", False),
    ("loops extra", "loops_extra", False),
    ("name wrong %", "line_name_wrong_%", False),
    ("angle err", "angle_error_deg", False),
    ("rot. err", "rotation_error_deg", False),
)


def table_row(result: dict[str, object]) -> list[str]:
    """One line of the table."""
    pair, ours, plane = result["pair"], result["ours"], result["plane"]
    better, said, cut = result["times_better"], result["class"], result["cut"]
    assert isinstance(pair, dict) and isinstance(ours, dict) and isinstance(plane, dict)
    assert isinstance(better, dict) and isinstance(said, dict) and isinstance(cut, dict)
    cells = [f"{pair['type']} {pair['seed']}"]
    for _, name, compared in COLUMNS:
        text = f"{ours[name]:.2f}"
        cells.append(f"{text} ({plane[name]:.1f}, {better[name]:.1f}x)" if compared else text)
    cells.append("right" if said["said"] == said["true"] else f"WRONG: {said['said']}")
    cells.append("= flow" if cut["value"] == cut["flow"] and cut["proven"] else "NOT PROVEN")
    return cells


def print_table(results: list[dict[str, object]]) -> None:
    """All results as a table in Markdown, then the bounds that are broken."""
    names = ["pair", *(title for title, _, _ in COLUMNS), "class", "cut"]
    lines = [names, ["---"] * len(names), *(table_row(result) for result in results)]
    for line in lines:
        print("| " + " | ".join(line) + " |")
    for result in results:
        pair, broken = result["pair"], result["broken"]
        assert isinstance(pair, dict) and isinstance(broken, list)
        for text in broken:
            print(f"broken: {pair['type']} {pair['seed']}: {text}")


def main() -> int:
    """Runs the pairs that were asked for; 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--types", nargs="+", default=list(TYPES), choices=TYPES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--spacing", type=float, default=1.5)
    parser.add_argument("--head", type=Path, help="NIfTI file of a real head (T1 or CT)")
    parser.add_argument("--second", type=Path, help="NIfTI file of another head, for twin B")
    parser.add_argument("--hard", action="store_true", help="arteries, open sutures and more")
    parser.add_argument("--phase", default="venous", choices=("venous", "arterial", "both"))
    parser.add_argument("--age", type=float, default=9.5, help="months: the size of the heads")
    parser.add_argument("--noise", type=float, default=7.0, help="HU")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    path, name = (options.head, options.head.name) if options.head else find_head()
    head = read_volume(path, name)
    second = read_volume(options.second, options.second.name) if options.second else None
    results = []
    for kind in options.types:
        for seed in options.seeds:
            order = PairOrder(
                type=kind,
                seed=seed,
                spacing=options.spacing,
                age=options.age,
                noise=options.noise,
                phase=options.phase,
                hard=options.hard,
            )
            results.append(run_pair(order, head, second))
            print(f"{kind} {seed}: {results[-1]['seconds']}", file=sys.stderr)
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        print_table(results)
    return 1 if any(result["broken"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
