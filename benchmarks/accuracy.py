"""Accuracy on demonstration pairs, beside the best flat plane, against the bounds.

    python benchmarks/accuracy.py [--types PA TV-II] [--seeds 1 2] [--spacing 1] [--json]
    python benchmarks/accuracy.py --grid --map-only --jobs 2 --keep grid.jsonl

Makes each pair, maps its anatomy, plans the separation, and scores both against the truth
where it is hard (see scoring.py). `--map-only` leaves out the plan. `--grid` takes all types,
three sizes of head, three levels of noise and two givings of contrast, each with a seed of its
own. `--keep` writes each pair's figures to a file as they come; what is there already is not
done again. Exit code 1 when a bound is broken.
"""

import argparse
import itertools
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import accuracy_table
import numpy as np
import scoring
import vessel_scoring
from pairs import find_head, make_case, read_volume
from scipy.spatial import cKDTree

from diptych.demonstration import TYPES, DemonstrationPair, PairOrder, PairTruth, make_pair
from diptych.model import Anatomy, Case, SeparationPlan, Volume
from diptych.tables.load import load_table, table_names

GRID_AGES = (3.0, 9.5, 24.0)
GRID_NOISES = (7.0, 14.0, 25.0)
GRID_PHASES = ("venous", "both")
GRID_SEED = 100

Figures = dict[str, Any]


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


def score_map(
    truth: scoring.TruthArrays, owner: scoring.Codes, vessel: scoring.Mask | None = None
) -> Figures:
    """The figures of an ownership map; `vessel` is what it takes for vessels."""
    tissue = truth.tissues > 0
    twins = (truth.owner == scoring.A) | (truth.owner == scoring.B)
    septum = scoring.septum_distance(owner, truth, vessel)
    return {
        "map_wrong_%": scoring.wrong_share(owner, truth.owner, truth.near),
        "map_wrong_interrupted_%": scoring.wrong_share(owner, truth.owner, truth.near_interrupted),
        "vein_wrong_%": scoring.wrong_vessel_share(owner, truth, truth.veins),
        "vessel_wrong_%": scoring.wrong_vessel_share(owner, truth, twins),
        "vessel_wrong_with_shared_%": scoring.wrong_vessel_share(owner, truth, tissue),
        "septum_mean_mm": septum.mean,
        "septum_p95_mm": septum.p95,
    }


def score_cut(truth: scoring.TruthArrays, side: scoring.Codes) -> Figures:
    """The figures of the sides of a cut."""
    tissue = truth.tissues > 0
    whole = scoring.cut_distance(side, truth, tissue & ~truth.interrupted)
    apart = scoring.cut_distance(side, truth, tissue & truth.interrupted)
    return {
        "cut_wrong_%": scoring.wrong_share(side, truth.owner, truth.near),
        "cut_wrong_interrupted_%": scoring.wrong_share(side, truth.owner, truth.near_interrupted),
        "cut_mean_mm": whole.mean,
        "cut_p95_mm": whole.p95,
        "cut_mean_interrupted_mm": apart.mean,
        "cut_p95_interrupted_mm": apart.p95,
    }


def score_anatomy(pair: DemonstrationPair, anatomy: Anatomy) -> Figures:
    """What the anatomy says beside the truth, without the flat plane."""
    truth = truth_arrays(pair)
    owner = anatomy.ownership.voxels.astype(np.uint8)
    vessel = anatomy.tissues.voxels == scoring.VESSEL
    asked = vessel_scoring.ASKED[str(pair.truth.parameters["order-phase"])]
    lines = vessel_scoring.score_network(anatomy.vessels, pair.truth.vessels, vessel_scoring.VENOUS)
    counted = (truth.tissues != scoring.VESSEL) | find_kinds(pair.truth, asked)
    given = anatomy.classification
    return {
        **score_map(truth, owner, vessel),
        "vessel_dice": scoring.dice(vessel & counted, (truth.tissues == scoring.VESSEL) & counted),
        "line_recall": lines.recall,
        "line_precision": lines.precision,
        "calibre_error_%": lines.calibre_error,
        "loops_missed": float(lines.loops - lines.loops_found),
        "loops_extra": float(lines.extra_loops),
        "line_owner_wrong_%": lines.wrong_owner,
        "line_name_wrong_%": lines.wrong_name,
        **_artery_figures(pair, anatomy, asked),
        "angle_error_deg": abs(given.long_axis_angle.value - pair.truth.long_axis_angle),
        "rotation_error_deg": abs(given.rotation.value - pair.truth.rotation),
    }


def _artery_figures(pair: DemonstrationPair, anatomy: Anatomy, asked: tuple[str, ...]) -> Figures:
    """How well the arteries agree with the truth, where the contrast asks for them."""
    if "artery" not in asked:
        return {}
    lines = vessel_scoring.score_network(
        anatomy.arteries, pair.truth.vessels, vessel_scoring.ARTERIAL
    )
    return {
        "artery_recall": lines.recall,
        "artery_precision": lines.precision,
        "artery_calibre_error_%": lines.calibre_error,
    }


def score_pair(
    pair: DemonstrationPair, anatomy: Anatomy, plan: SeparationPlan | None, noise: float
) -> Figures:
    """All figures of one pair, the plane's figures, and the bounds that are broken."""
    truth = truth_arrays(pair)
    flat = scoring.plane_sides(truth, *scoring.best_plane(truth))
    ours, plane = score_anatomy(pair, anatomy), score_map(truth, flat)
    result: Figures = {
        "ours": ours,
        "plane": plane,
        "class": {"said": anatomy.classification.label, "true": pair.truth.label},
        "sure": _count_sure(anatomy, truth),
    }
    if plan is not None:
        ours |= score_cut(truth, plan.side.voxels.astype(np.uint8))
        plane |= score_cut(truth, flat)
        proof = plan.proof
        result["cut"] = {"value": proof.value, "flow": proof.flow, "proven": proof.proven}
    result["times_better"] = {
        name: scoring.ratio(plane[name], ours[name])
        for name in accuracy_table.COMPARED
        if name in ours
    }
    result["broken"] = accuracy_table.broken_bounds(result, noise)
    return result


def _count_sure(anatomy: Anatomy, truth: scoring.TruthArrays) -> dict[str, list[list[float]]]:
    """Bins of stated confidence near the interface: in tissue, in vessels of one twin, and in
    vessels that are truly shared but were said to be one twin's (none of these is right).
    """
    sure, owner = anatomy.confidence.voxels, anatomy.ownership.voxels.astype(np.uint8)
    vessels = (truth.tissues == scoring.VESSEL) & (np.abs(truth.distance) <= scoring.NEAR)
    shared = truth.owner == scoring.SHARED
    return {
        name: [
            [bin.low, bin.high, bin.count, bin.said, bin.right]
            for bin in scoring.measure_reliability(sure, owner, truth, where)
        ]
        for name, where in (
            ("tissue", truth.near | truth.near_interrupted),
            ("vessels", vessels & ~shared),
            ("rims of shared vessels", vessels & shared),
        )
    }


def open_pair(pair: DemonstrationPair, order: PairOrder) -> Case:
    """The case of a pair."""
    name = f"demonstration-{order.type}-{order.seed}"
    return make_case(pair.series, pair.landmarks, name=name, made_from=pair.made_from)


def run_pair(
    order: PairOrder, head: Volume, second: Volume | None = None, *, planned: bool = True
) -> Figures:
    """Makes, maps, plans (unless `planned` is false) and scores one pair."""
    from diptych.anatomy import map_anatomy
    from diptych.separation import plan

    tables = {name: load_table(name) for name in table_names()}
    clock = [time.perf_counter()]
    pair = make_pair(head, order, second=second)
    clock.append(time.perf_counter())
    case = open_pair(pair, order)
    anatomy = map_anatomy(case, tables=tables)
    clock.append(time.perf_counter())
    front = plan(case, anatomy, tables=tables) if planned else None
    clock.append(time.perf_counter())
    result = score_pair(pair, anatomy, front.plan if front else None, order.noise)
    result["pair"] = describe(order)
    result["made_from"] = pair.made_from
    took = [late - soon for soon, late in itertools.pairwise(clock)]
    result["seconds"] = dict(zip(("make", "anatomy", "separation"), took, strict=True))
    return result


def describe(order: PairOrder) -> Figures:
    """What tells one pair from another."""
    names = ("type", "seed", "spacing", "age", "noise", "phase", "hard")
    return {name: getattr(order, name) for name in names}


def list_grid(spacing: float) -> list[PairOrder]:
    """All types, sizes, levels of noise and givings of contrast, each with its own seed."""
    cells = itertools.product(TYPES, GRID_AGES, GRID_NOISES, GRID_PHASES)
    return [
        PairOrder(type=kind, seed=GRID_SEED + n, spacing=spacing, age=age, noise=noise, phase=phase)
        for n, (kind, age, noise, phase) in enumerate(cells)
    ]


def list_orders(options: argparse.Namespace) -> list[PairOrder]:
    """The pairs that were asked for."""
    if options.grid:
        return [o for o in list_grid(options.spacing) if o.type in options.types]
    return [
        PairOrder(
            type=kind,
            seed=seed,
            spacing=options.spacing,
            age=options.age,
            noise=options.noise,
            phase=options.phase,
            hard=options.hard,
        )
        for kind in options.types
        for seed in options.seeds
    ]


def work(job: tuple[PairOrder, Path | None, Path | None, bool]) -> Figures:
    """One pair, in a process of its own."""
    order, head, second, planned = job
    path, name = (head, head.name) if head else find_head()
    other = read_volume(second, second.name) if second else None
    return run_pair(order, read_volume(path, name), other, planned=planned)


def read_kept(path: Path | None) -> list[Figures]:
    """What an earlier run has written."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_all(options: argparse.Namespace) -> list[Figures]:
    """The figures of all pairs, in the order they were asked for."""
    orders = list_orders(options)
    kept = read_kept(options.keep)
    known = [result["pair"] for result in kept]
    jobs = [
        (order, options.head, options.second, not options.map_only)
        for order in orders
        if describe(order) not in known
    ]
    with ProcessPoolExecutor(max_workers=options.jobs) as pool:
        for result in pool.map(work, jobs) if options.jobs > 1 else map(work, jobs):
            kept.append(result)
            print(f"{result['pair']}: {result['seconds']} {result['broken']}", file=sys.stderr)
            if options.keep:
                with options.keep.open("a") as file:
                    file.write(json.dumps(result) + "\n")
    return [r for order in orders for r in kept if r["pair"] == describe(order)]


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--types", nargs="+", default=list(TYPES), choices=TYPES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--spacing", type=float, default=1.0)
    parser.add_argument("--head", type=Path, help="NIfTI file of a real head (T1 or CT)")
    parser.add_argument("--second", type=Path, help="NIfTI file of another head, for twin B")
    parser.add_argument("--hard", action="store_true", help="arteries, open sutures and more")
    parser.add_argument("--phase", default="venous", choices=("venous", "arterial", "both"))
    parser.add_argument("--age", type=float, default=9.5, help="months: the size of the heads")
    parser.add_argument("--noise", type=float, default=7.0, help="HU")
    parser.add_argument("--grid", action="store_true", help="types x sizes x noises x phases")
    parser.add_argument("--map-only", action="store_true", help="no plan")
    parser.add_argument("--jobs", type=int, default=1, help="pairs at a time")
    parser.add_argument("--keep", type=Path, help="JSON lines, a pair a line; not done twice")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Runs the pairs that were asked for; 1 when a bound is broken."""
    options = read_options()
    results = run_all(options)
    if options.json:
        print(json.dumps(results, indent=1))
    elif options.grid:
        accuracy_table.print_summary(results)
    else:
        accuracy_table.print_table(results)
    broken = any(result["broken"] for result in results)
    return 1 if broken or accuracy_table.broken_together(results) else 0


if __name__ == "__main__":
    sys.exit(main())
