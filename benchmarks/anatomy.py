"""Time and memory of the anatomy of a pair, step by step, at several sizes, beside free peers.

    python benchmarks/anatomy.py --sizes 128 256 512 [--peer simpleitk cc3d kimimaro] [--json]

A size of 512 is a scan of 512 x 512 x 400 voxels. The pair is made at 1.5 mm (TV-II, seed 1)
and resampled to the size with fresh noise of 7 HU, so that all sizes show the same heads.

First the whole of `map_anatomy` in a fresh process, its kernels compiled beforehand by a small
pair: seconds, peak memory of the process (images included), and the same for each of its steps.
growth is the CPU time over that of the size before, per voxel. Then single operations, on the
arrays that the anatomy itself gives them, beside every free peer that does the same; peer_ratio
is the fastest peer's time over ours. Voxels only: scikit-image's skeleton gives no graph, and
kimimaro's and ours do. A process and a warming run for each; one thread.

cc3d (LGPL), kimimaro (GPL) and SimpleITK are no dependencies: --peer installs them into an
environment of their own in the cache folder (exit code 3 when that fails), or --peer-python
names a Python that has them.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

REQUIREMENTS = (
    "connected-components-3d==4.1.1",
    "kimimaro==5.8.1",
    "crackle-codec==0.55.0",
    "simpleitk==2.5.7",
    "numpy==2.4.6",
)
MODULES = {"cc3d": "cc3d", "kimimaro": "kimimaro", "simpleitk": "SimpleITK"}
OPERATIONS = {
    "distance to bone": ("diptych", "scipy", "simpleitk"),
    "pieces of vessel": ("diptych", "scipy", "scikit-image", "cc3d", "simpleitk"),
    "centrelines": ("diptych", "scikit-image", "kimimaro"),
    "sheets": ("diptych", "scikit-image"),
}
LARGEST = {("sheets", "scikit-image"): 256}
"""scikit-image keeps six float64 volumes of second derivatives."""
TYPE, SPACING, NOISE = "TV-II", 1.5, 7.0
AIR = -900
"""HU; no noise is added below."""
WARM = 128
"""Size of the pair that compiles everything first."""


def make_scan(size, folder):
    """The pair at that size as a file with what a case needs."""
    from pairs import find_head, read_volume

    from diptych.demonstration import PairOrder, make_pair
    from diptych.kernels.resample import resample

    pair = make_pair(read_volume(*find_head()), PairOrder(type=TYPE, spacing=SPACING, noise=0.0))
    shape = (size, size, size * 400 // 512)
    wide = np.array(pair.ct.voxels.shape, dtype=float)
    inside = max(wide[0], wide[1]) / size
    steps = np.array([inside, inside, wide[2] / shape[2]])
    chance = np.random.Generator(np.random.Philox(key=size))
    images = {}
    for name in ("ct", "ctv"):
        volume = getattr(pair, name).voxels
        image = resample(volume, np.diag(steps), np.zeros(3), shape, fill=float(volume.min()))
        for i in range(shape[0]):
            noise = chance.normal(0.0, NOISE, shape[1:])
            image[i] += np.rint(np.where(image[i] > AIR, noise, 0.0)).astype(image.dtype)
        images[name] = image
    affine = pair.ct.affine.copy()
    affine[:3, :3] = affine[:3, :3] * steps
    path = Path(folder) / f"scan-{size}.npz"
    np.savez(path, affine=affine, **images)
    path.with_suffix(".marks").write_bytes(pickle.dumps(dict(pair.landmarks)))
    return path


def read_case(path):
    """The case of a scan, as intake would open it."""
    from pairs import make_case

    from diptych.model import Volume

    held = np.load(path)
    volumes = {
        name: Volume(
            voxels=held[name],
            affine=held["affine"],
            frame_of_reference="2.25.1",
            modality="CT",
            source=f"benchmark {name}",
        )
        for name in ("ct", "ctv")
    }
    marks = pickle.loads(Path(path).with_suffix(".marks").read_bytes())
    return make_case(tuple(volumes.items()), marks, name=f"benchmark-{TYPE}", made_from="benchmark")


class Steps:
    """CPU seconds, wall seconds and peak memory of every function that the mapping calls."""

    def __init__(self, mapping):
        self.rows = {}
        for name, function in list(vars(mapping).items()):
            module = getattr(function, "__module__", "")
            ours = callable(function) and module.startswith("diptych.anatomy")
            public = not name.startswith("_") and name != "map_anatomy"
            if ours and public and not isinstance(function, type):
                setattr(mapping, name, self._watch(name, function))

    def _watch(self, name, function):
        def watched(*given, **named):
            cpu, wall = time.process_time(), time.perf_counter()
            found = function(*given, **named)
            self.rows[name] = {
                "cpu_s": round(time.process_time() - cpu, 2),
                "wall_s": round(time.perf_counter() - wall, 2),
                "peak_gib": round(_peak(), 2),
            }
            return found

        return watched


def run_whole(small, path, folder):
    """The anatomy of a scan in this process: rows of its steps, and arrays for operations."""
    from diptych.anatomy import mapping
    from diptych.tables.load import load_table, table_names

    tables = {name: load_table(name) for name in table_names()}
    mapping.map_anatomy(read_case(small), tables=tables)
    steps = Steps(mapping)
    case = read_case(path)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    cpu, wall = time.process_time(), time.perf_counter()
    anatomy = mapping.map_anatomy(case, tables=tables)
    rows = dict(steps.rows)
    rows["whole"] = {
        "cpu_s": round(time.process_time() - cpu, 2),
        "wall_s": round(time.perf_counter() - wall, 2),
        "peak_gib": round(_peak(), 2),
    }
    _keep_arrays(anatomy, case, folder)
    return {
        "rows": rows,
        "voxels": int(np.prod(case.volumes[0].volume.shape)),
        "class": anatomy.classification.label,
        "vessels": len(anatomy.vessels.vessels),
    }


def _keep_arrays(anatomy, case, folder):
    """What the operations work on: the body's box, bone, vessels and values."""
    from diptych.model import Tissue

    tissues = anatomy.tissues.voxels
    box = tuple(
        slice(int(on.min()), int(on.max()) + 1)
        for on in (
            np.flatnonzero((tissues > 0).any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))
        )
    )
    folder = Path(folder)
    np.save(folder / "soft.npy", np.ascontiguousarray(tissues[box] != Tissue.BONE))
    np.save(folder / "vessel.npy", np.ascontiguousarray(tissues[box] == Tissue.VESSEL))
    values = case.series("ctv").volume.voxels[box].astype(np.float32)
    np.save(folder / "values.npy", np.clip(values, -40.0, 130.0))
    np.save(folder / "spacing.npy", np.array(case.series("ct").volume.spacing))


def _peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024**2


def prepare(operation, solver, folder, small):
    """A function that does one operation once."""
    names = {"distance to bone": "soft", "sheets": "values"}
    array = np.load(Path(folder) / f"{names.get(operation, 'vessel')}.npy", mmap_mode=None)
    if small:
        array = np.ascontiguousarray(array[:24, :24, :24])
        array.flat[0] = False
    spacing = tuple(np.load(Path(folder) / "spacing.npy").tolist())
    if operation in ("distance to bone", "pieces of vessel"):
        import regions

        task = "distance" if operation.startswith("distance") else "label26"
        call = {
            "diptych": regions._prepare_diptych,
            "scipy": regions._prepare_scipy,
            "scikit-image": regions._prepare_skimage,
            "cc3d": regions._prepare_cc3d,
            "simpleitk": regions._prepare_simpleitk,
        }[solver]
        return call(task, array, spacing, None, 1)
    if operation == "sheets":
        return _prepare_sheets(solver, array)
    return _prepare_centrelines(solver, array)


def _prepare_sheets(solver, values):
    if solver == "diptych":
        from diptych.kernels.sheet import bright_sheets

        return lambda: bright_sheets(values, 1.0)
    from skimage.feature import hessian_matrix, hessian_matrix_eigvals

    def measure():
        found = hessian_matrix_eigvals(hessian_matrix(values, 1.0, use_gaussian_derivatives=False))
        return np.maximum(0.0, -found[2] - 0.5 * np.abs(found[1]))

    return measure


def _prepare_centrelines(solver, mask):
    if solver == "diptych":
        from diptych.kernels.skeleton import trace_skeleton

        return lambda: trace_skeleton(mask)
    if solver == "scikit-image":
        from skimage.morphology import skeletonize

        return lambda: skeletonize(mask, method="lee")
    import cc3d
    import kimimaro

    def trace():
        pieces = cc3d.connected_components(mask, connectivity=26)
        return kimimaro.skeletonize(pieces, dust_threshold=6, progress=False, parallel=1)

    return trace


def run_operation(operation, solver, folder):
    """One operation in this process: best of two runs."""
    prepare(operation, solver, folder, small=True)()
    work = prepare(operation, solver, folder, small=False)
    times = []
    for _ in range(2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return {"cpu_s": round(min(times), 3), "peak_gib": round(_peak(), 2)}


def run_apart(python, *what):
    """A measurement in a fresh process."""
    command = [python, __file__, "--one", *map(str, what)]
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(options):
    """Rows of steps and operations for all sizes."""
    rows, before = [], {}
    with tempfile.TemporaryDirectory() as folder:
        small = make_scan(WARM, folder)
        for size in sorted(options.sizes):
            path = small if size == WARM else make_scan(size, folder)
            found = run_apart(sys.executable, "whole", small, path, folder)
            for step, row in found["rows"].items():
                each = row["cpu_s"] / found["voxels"]
                growth = round(each / before[step], 2) if before.get(step) else None
                before[step] = each
                rows.append({"size": size, "what": step, "solver": "diptych"} | row
                            | {"growth": growth, "peer_ratio": None})  # fmt: skip
            rows += _operation_rows(size, folder, options)
            if path != small:
                path.unlink()
    return rows


def _operation_rows(size, folder, options):
    rows = []
    for operation, solvers in OPERATIONS.items():
        here = []
        for solver in solvers:
            if solver in MODULES and solver not in options.peer:
                continue
            if size > LARGEST.get((operation, solver), size):
                print(f"{solver} is left out at {size}: {operation}", file=sys.stderr)
                continue
            python = options.peer_python if solver in MODULES else sys.executable
            row = run_apart(python, "operation", operation, solver, folder)
            here.append({"size": size, "what": operation, "solver": solver, "cpu_s": row["cpu_s"],
                         "wall_s": None, "peak_gib": row["peak_gib"], "growth": None,
                         "peer_ratio": None})  # fmt: skip
        peers = [row["cpu_s"] for row in here if row["solver"] != "diptych"]
        if peers:
            here[0]["peer_ratio"] = round(min(peers) / max(here[0]["cpu_s"], 1e-3), 1)
        rows += here
    return rows


def main():
    about = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=about[0], epilog=about[1], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--peer", nargs="+", choices=list(MODULES), default=[])
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has the peers")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        what, *given = options.one
        run = {"whole": run_whole, "operation": run_operation}[what]
        print(json.dumps(run(*given)))
        return
    if options.peer:
        from environments import check_python, find_python

        options.peer_python = options.peer_python or find_python("anatomy", REQUIREMENTS)
        for name in options.peer:
            check_python(options.peer_python, MODULES[name])
    rows = measure(options)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("  ".join(f"{name:>16}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{'-' if row[key] is None else row[key]!s:>16}" for key in row))


if __name__ == "__main__":
    main()
