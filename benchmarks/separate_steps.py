"""Our side of separate.py: the child program that makes the anatomy, plans and takes notes.

    python benchmarks/separate_steps.py '{"task": "whole", "anatomy": FILE, "grid": [...], ...}'

Prints one JSON object; told(...) in it are wall and CPU seconds and the peak of the process,
GiB, inputs and compiled code included.
"""

import json
import os
import pickle
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np
from mincut_solvers import peak_memory, rest_memory
from separate_peer import Clock, pack

from diptych.tables.load import load_table, table_names

cut_module = import_module("diptych.separation.cut")
plan_module = import_module("diptych.separation.plan")

STEPS = {
    "prepare_ground": "ground: costs and seeds",
    "part_twins": "front: nested cuts",
    "try_partings": "what each cut costs",
    "_work_out": "plans worked out",
    "measure_points": "areas of each cut",
    "nest_sides": "nested codes",
}
"""Functions that the plan calls, one after the other, and what they are."""

# Inputs


def make_anatomy(job):
    """A generated pair with its anatomy, written once."""
    from accuracy import open_pair
    from pairs import find_head, read_volume

    from diptych.anatomy import map_anatomy
    from diptych.demonstration import PairOrder, make_pair

    order = PairOrder(type=job["type"], spacing=job["spacing"], seed=job["seed"])
    case = open_pair(make_pair(read_volume(*find_head()), order), order)
    anatomy = map_anatomy(case, tables=read_tables())
    path = Path(job["anatomy"])
    path.with_suffix(".part").write_bytes(pickle.dumps((case, anatomy)))
    path.with_suffix(".part").rename(path)
    return {"voxels": anatomy.tissues.voxels.size}


def read_tables():
    return {name: load_table(name) for name in table_names()}


def read_inputs(job):
    """Case and anatomy, in the middle of a field of view of that many mm if one is given."""
    case, anatomy = pickle.loads(Path(job["anatomy"]).read_bytes())
    if not job["grid"]:
        return case, anatomy
    series = tuple(
        replace(entry, volume=widen(entry.volume, job["grid"])) for entry in case.volumes
    )
    names = ("tissues", "ownership", "confidence", "tissue_confidence")
    wide = {name: widen(getattr(anatomy, name), job["grid"]) for name in names}
    return replace(case, volumes=series), replace(anatomy, **wide)


def widen(volume, field):
    """The volume with air (its least value) around it, up to `field` mm; never cropped."""
    if volume is None:
        return None
    wanted = [round(mm / step) for mm, step in zip(field, volume.spacing, strict=True)]
    more = [max(want - have, 0) for want, have in zip(wanted, volume.shape, strict=True)]
    room = [(extra // 2, extra - extra // 2) for extra in more]
    affine = volume.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ np.array([before for before, _ in room], dtype=float)
    voxels = np.pad(volume.voxels, room, constant_values=volume.voxels.min())
    return replace(volume, voxels=voxels, affine=affine)


def digest(front):
    """A hash of everything in the front: the same bytes, the same plans."""
    from diptych.storage.codec import encode

    tree, arrays = encode(front)
    found = sha256(json.dumps(tree, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:16]


# The whole, and its steps


@contextmanager
def measured(rows, what, **more):
    """Adds a row with what happened inside; the peak starts again from what is held."""
    rest_memory()
    clock = Clock()
    yield
    spent = clock.told()
    peak = round(peak_memory() / 2**30, 2)
    rows.append({"step": what} | spent | {"peak_gib": peak, "load": load()} | more)


def load():
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def run_whole(job):
    """The plan in a process that has made none, and once more."""
    case, anatomy = read_inputs(job)
    tables, rows, found = read_tables(), [], []
    for what in ("whole plan, cold", "whole plan, warm"):
        with measured(rows, what):
            front = plan_module.plan(case, anatomy, tables=tables)
        found.append(digest(front))
    if found[0] != found[1]:
        raise SystemExit(f"two runs differ: {found}")
    return {"rows": rows, "digest": found[0]} | describe(anatomy, front)


def describe(anatomy, front):
    tissues = anatomy.tissues.voxels
    return {
        "voxels": int(tissues.size),
        "tissue": int(np.count_nonzero(tissues)),
        "points": len(front.points),
        "plans": len(front.plans),
        "proven": all(point.proven for point in front.points),
    }


def run_steps(job):
    """Each step of a warm plan; then the calls of our kernels, written down for the peer."""
    case, anatomy = read_inputs(job)
    tables, rows = read_tables(), []
    plan_module.plan(case, anatomy, tables=tables)  # compiles
    with watched(rows) as held:
        front = plan_module.plan(case, anatomy, tables=tables)
    rows = sum_rows(rows)
    with Recorder(Path(job["folder"])) as notes:
        plan_module.plan(case, anatomy, tables=tables)
    ground = held["prepare_ground"]
    inside = ground.field.cost > 0
    sizes = {
        "block": list(ground.field.cost.shape),
        "free": int((inside & (ground.seeds[ground.block] == 0)).sum()),
    }
    rows += notes.rows + measure_allocation(notes.channels)
    rows += measure_demands(held, front, anatomy, tables)
    return {"rows": rows} | sizes


@contextmanager
def watched(rows):
    """The plan's own calls, timed; yields what they gave back last, by name."""
    before, held = {name: getattr(plan_module, name) for name in STEPS}, {}

    def watch(name):
        def call(*given, **named):
            with measured(rows, STEPS[name]):
                held[name] = before[name](*given, **named)
            return held[name]

        return call

    for name in STEPS:
        setattr(plan_module, name, watch(name))
    try:
        yield held
    finally:
        for name, function in before.items():
            setattr(plan_module, name, function)


def sum_rows(rows):
    """One row a step: seconds added up, the highest peak."""
    found = {}
    for row in rows:
        have = found.setdefault(row["step"], row | {"calls": 0, "wall_s": 0.0, "cpu_s": 0.0})
        have["calls"] += 1
        have["wall_s"] += row["wall_s"]
        have["cpu_s"] += row["cpu_s"]
        have["peak_gib"] = max(have["peak_gib"], row["peak_gib"])
    return list(found.values())


# What our kernels were given, for the peer


class Recorder:
    """Times every call of four functions and writes what they were given.

    Seconds are CPU seconds of the calling thread (all threads for the front), since the plan
    does two things at a time.
    """

    def __init__(self, folder):
        self.folder, self.rows, self.channels, self._undo = folder, [], [], []
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.npz"):
            old.unlink()

    def __enter__(self):
        import diptych.separation as package
        from diptych.separation import allocate

        modules = [m for name, m in sys.modules.items() if name.startswith(package.__name__ + ".")]
        self._replace(modules, "measure_distance", "distances", self._write_distance)
        self._replace(modules, "label_components", "pieces", self._write_pieces)
        self._replace(modules, "measure_faces", "faces", self._write_faces)
        self._replace([cut_module], "front", "front", self._write_front)
        self._replace([allocate], "choose_keepers", "keepers", self._keep_channels)
        return self

    def __exit__(self, *trouble):
        for module, name, function in self._undo:
            setattr(module, name, function)

    def _replace(self, modules, name, what, write):
        holders = [module for module in modules if hasattr(module, name)]
        original = getattr(holders[0], name)
        row = {"step": what, "wall_s": 0.0, "cpu_s": 0.0, "calls": 0}
        self.rows.append(row)

        def call(*given, **named):
            now = time.process_time if what == "front" else time.thread_time
            wall, cpu = time.perf_counter(), now()
            found = original(*given, **named)
            row["cpu_s"] += now() - cpu
            row["wall_s"] += time.perf_counter() - wall
            row["calls"] += 1
            row["load"] = load()
            write(row["calls"], found, *given, **named)
            return found

        for module in holders:
            self._undo.append((module, name, original))
            setattr(module, name, call)

    def _save(self, name, **arrays):
        np.savez(self.folder / f"{name}.npz", **arrays)

    def _write_distance(self, number, found, mask, spacing, *, limit=None, threads=1):
        del threads
        self._save(
            f"distance-{number:03d}",
            mask=pack(np.asarray(mask) != 0),
            shape=mask.shape,
            spacing=spacing,
            limit=limit or 0.0,
            sum=found.sum(dtype=np.float64),
        )

    def _write_pieces(self, number, found, image, *, neighbours=6, threads=1):
        del threads
        self._save(
            f"pieces-{number:03d}",
            mask=pack(np.asarray(image) != 0),
            shape=image.shape,
            near=neighbours,
            count=found.count,
        )

    def _write_faces(self, number, found, side, spacing):
        del found
        self._save(
            f"faces-{number:03d}",
            first=pack(side == 1),
            second=pack(side == 2),
            shape=side.shape,
            spacing=spacing,
        )

    def _write_front(self, number, found, cost, seeds, fair, lambdas, **named):
        """The last round alone: its prices are those of the plan."""
        del number
        write_front(self.folder, cost, seeds, fair, lambdas, **named)
        self.rows[3]["values"] = [int(cut.value) for cut in found]

    def _keep_channels(self, number, found, channels, fixed, **named):
        del number
        self.channels.append((channels, fixed, named["weights"], found))


def write_front(folder, cost, seeds, fair, lambdas, **named):
    """The front's problem as separate_peer.Problem reads it; given as our kernel is."""
    from diptych.kernels.mincut.grid import edge_weights, neighbour_steps

    steps = neighbour_steps(named["neighbours"])
    np.savez(
        Path(folder) / "front.npz",
        cost=cost,
        seeds=seeds,
        walled=named["walled"],
        shared=np.asarray(named["unary"], dtype=np.int64),
        fair=np.asarray(fair, dtype=np.int64),
        lambdas=np.asarray(lambdas),
        steps=steps[::2],
        weights=edge_weights(steps, named["spacing"])[::2],
    )


# Who keeps each vessel


def measure_allocation(found):
    """Our search beside scipy's milp of the first goal alone, and all choices where few."""
    import allocation

    from diptych.separation.keepers import Search, _Program, choose_keepers

    rows, wrong = [], 0
    ours, milp, brute = Clock.nothing(), Clock.nothing(), Clock.nothing()
    widest, tried = 0, 0
    seen = distinct(found)
    for channels, fixed, weights, choice in seen:
        free = int(channels.open.sum()) - len(fixed)
        widest = max(widest, free)
        clock = Clock()
        choose_keepers(channels, fixed, weights=weights, search=Search())
        ours = Clock.sum(ours, clock.told())
        clock = Clock()
        program = _Program(channels, fixed, weights)
        program.solve(program.fairness(), 10**6, 60.0)
        milp = Clock.sum(milp, clock.told())
        if free <= 10 and weights == allocation.EVEN and not fixed:
            clock = Clock()
            best = allocation.brute(channels, 60.0)[1]
            brute, tried = Clock.sum(brute, clock.told()), tried + 1
            wrong += abs(best - choice.value) > 1e-6
    if wrong:
        raise SystemExit(f"all choices tried disagree with our search in {wrong} networks")
    note = f"{len(seen)} networks, at most {widest} vessels to give out"
    rows.append({"step": "keepers: both goals, proven"} | ours | {"note": note})
    rows.append({"step": "keepers: scipy milp, first goal", "peer": True} | milp)
    if tried:
        note = f"{tried} networks"
        rows.append({"step": "keepers: every choice", "peer": True, "note": note} | brute)
    return [row | {"load": load()} for row in rows]


def distinct(found):
    """The networks that differ."""
    known = {}
    for entry in found:
        channels, fixed, weights, _ = entry
        key = (channels.vessels, channels.open.tobytes(), str(sorted(fixed.items())), weights)
        known.setdefault(key, entry)
    return list(known.values())


# A new demand


def measure_demands(held, front, anatomy, tables):
    """From a demand to the cut, the keepers and what both twins pay, with the ground at hand."""
    from diptych.model import Demands, SparedBall

    ground, middle = held["prepare_ground"], front.plan.side
    side = middle.voxels
    parted = np.argwhere((side[:-1] ^ side[1:]) == 3).astype(np.float64)
    centre = parted[np.argmin(((parted - parted.mean(axis=0)) ** 2).sum(axis=1))]
    place = tuple(middle.to_lps(centre[None])[0].tolist())
    ball = Demands(balls=(SparedBall(name="benchmark", position=place, radius=5.0),))
    rows = []
    with measured(rows, "demand: never cut a ball of 5 mm"):
        resolve_demands(ground, ball, anatomy, tables)
    crossing = next(iter(front.plan.crossings), None)
    if crossing is not None:
        keep = Demands(keep=((crossing.vessel, crossing.keeper.other),))
        with measured(rows, "demand: a vessel kept", note=str(crossing.vessel)):
            try_demand(ground, keep, anatomy, tables)
    return rows


def try_demand(ground, demands, anatomy, tables):
    from diptych.model import Infeasible

    try:
        resolve_demands(ground, demands, anatomy, tables)
    except Infeasible as refused:
        print(f"refused: {refused}", file=sys.stderr)


def resolve_demands(ground, demands, anatomy, tables):
    """The proposed plan's cut, keepers and costs under the demands."""
    from diptych.separation.allocate import allocate_vessels
    from diptych.separation.figures import cost_twins
    from diptych.separation.points import try_parting
    from diptych.separation.spared import find_spared, refuse_severed, spare_tissue
    from diptych.separation.wanted import read_wishes

    wishes = read_wishes(demands, anatomy.vessels)
    regions = find_spared(demands, anatomy.tissues)
    ground = spare_tissue(ground, regions)
    partings = cut_module.part_twins(
        ground.field,
        ground.seeds[ground.block],
        ground.owner,
        spacing=ground.spacing,
        policy=replace(ground.policy, points=3),
    )
    refuse_severed(regions, partings, ground)
    trial = try_parting(ground, partings[1], wishes)
    found = allocate_vessels(trial.severed, anatomy.vessels, tables=tables, wishes=trial.wishes)
    keepers = {crossing.vessel: crossing.keeper for crossing in found.crossings}
    return cost_twins(ground, partings[1].side, trial.severed, keepers)


TASKS = {"make": make_anatomy, "whole": run_whole, "steps": run_steps}


def main():
    job = json.loads(sys.argv[1])
    print(json.dumps(TASKS[job["task"]](job)))


if __name__ == "__main__":
    main()
