"""Speed and memory of connected components and distances beside free peers, in one run.

    python benchmarks/regions.py --sizes 128 256 [--peer cc3d edt simpleitk] [--json]

Images: "tissue" is the head of phantom.py, "brain" its brain between sulci and vessels (some
hundred pieces), "noise" a quarter of the cube above a threshold of smoothed noise (thousands of
pieces). Tasks: `label6` and `label26` (pieces that share faces; faces, edges or corners),
`distance` (from every true voxel to the nearest false one), `outside` (the same of the
inverse), `uneven` (distance, voxels of 1.0 x 0.8 x 1.3 mm), `nearest` (distance and which
voxel it is), `distance5` (up to 5 mm: an option that only ours has; peers measure it all).

Every measurement runs in a process of its own, after a tiny one that compiles: three runs, the
fastest is told. bytes_per_voxel is the growth of the peak resident set over the loaded image,
result included. times_diptych is the solver's time over ours: CPU seconds with one thread, wall
seconds with more. growth is its CPU time over that at the size before. check is the number of
pieces, or the mean distance: solvers that disagree end the run with exit code 1.

cc3d and edt (LGPL) and SimpleITK are no dependencies: --peer installs them into an environment
of their own in the cache folder (exit code 3 when that fails), or --peer-python names a Python
that has them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

REQUIREMENTS = ("connected-components-3d==4.1.1", "edt==3.1.2", "simpleitk==2.5.7", "numpy==2.4.6")
MODULES = {"cc3d": "cc3d", "edt": "edt", "simpleitk": "SimpleITK"}
LABELS, DISTANCES = ("label6", "label26"), ("distance", "outside", "uneven", "distance5")
SOLVERS = {
    "diptych": (*LABELS, *DISTANCES, "nearest"),
    "scipy": (*LABELS, *DISTANCES, "nearest"),
    "scikit-image": LABELS,
    "cc3d": LABELS,
    "edt": DISTANCES,
    "simpleitk": (*LABELS, *DISTANCES),
}
TASKS = SOLVERS["diptych"]
IMAGES = ("tissue", "brain", "noise")
LARGEST = {"scipy": 384}
RUNS = 3


def make_image(name, size):
    """One of IMAGES, booleans (size, size, size)."""
    from phantom import BRAIN, SULCUS, make_phantom
    from scipy import ndimage

    if name == "noise":
        chance = np.random.Generator(np.random.Philox(key=size))
        smooth = ndimage.gaussian_filter(chance.normal(size=(size,) * 3).astype(np.float32), 1.2)
        return smooth > np.quantile(smooth[::4, ::4, ::4], 0.75)
    cost, _ = make_phantom(size, "small")
    return cost > 0 if name == "tissue" else (cost > 2 * SULCUS) & (cost < 1.3 * BRAIN)


def prepare(solver, task, mask, threads):
    """A function that does the work once and returns an array or what the task is about."""
    mask = ~mask if task == "outside" else mask
    spacing = (1.0, 0.8, 1.3) if task == "uneven" else (1.0, 1.0, 1.0)
    limit = 5.0 if task == "distance5" else None
    call = {
        "diptych": _prepare_diptych,
        "scipy": _prepare_scipy,
        "scikit-image": _prepare_skimage,
        "cc3d": _prepare_cc3d,
        "edt": _prepare_edt,
        "simpleitk": _prepare_simpleitk,
    }[solver]
    return call(task, mask, spacing, limit, threads)


def _prepare_diptych(task, mask, spacing, limit, threads):
    if task in LABELS:
        from diptych.kernels.components import label_components

        return lambda: label_components(mask, neighbours=int(task[5:]), threads=threads).labels
    from diptych.kernels.distance import measure_distance, nearest_index

    if task == "nearest":
        return lambda: nearest_index(mask, spacing, threads=threads)[0]
    return lambda: measure_distance(mask, spacing, limit=limit, threads=threads)


def _prepare_scipy(task, mask, spacing, limit, threads):
    from scipy import ndimage

    if task in LABELS:
        return lambda: ndimage.label(mask, np.ones((3, 3, 3)) if task == "label26" else None)[0]
    both = task == "nearest"

    def measure():
        found = ndimage.distance_transform_edt(mask, sampling=spacing, return_indices=both)
        return found[0] if both else found

    return measure


def _prepare_skimage(task, mask, spacing, limit, threads):
    from skimage import measure

    return lambda: measure.label(mask, connectivity=3 if task == "label26" else 1)


def _prepare_cc3d(task, mask, spacing, limit, threads):
    import cc3d

    return lambda: cc3d.connected_components(mask, connectivity=int(task[5:]))


def _prepare_edt(task, mask, spacing, limit, threads):
    import edt

    return lambda: edt.edt(mask, anisotropy=spacing, black_border=False, parallel=threads)


def _prepare_simpleitk(task, mask, spacing, limit, threads):
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    if task in LABELS:
        image = sitk.GetImageFromArray(mask.view(np.uint8))

        def label():
            found = sitk.ConnectedComponent(image, task == "label26")
            return sitk.GetArrayFromImage(found)

        return label
    image = sitk.GetImageFromArray((~mask).view(np.uint8))
    image.SetSpacing(spacing[::-1])

    def measure():
        # Signed, with the false voxels as the object: 0 or less on them, distances elsewhere.
        found = sitk.SignedMaurerDistanceMap(
            image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
        )
        distance = sitk.GetArrayViewFromImage(found)
        return np.maximum(distance, 0)

    return measure


def run_here(solver, task, path, threads):
    """One measurement in this process, as a row."""
    mask = np.load(path)
    prepare(solver, task, np.ascontiguousarray(mask[:24, :24, :24]), threads)()
    work = prepare(solver, task, mask, threads)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _resident("VmRSS")
    times = []
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
        if len(times) == 1:
            grown = _resident("VmHWM") - before
            check = int(found.max()) if task in LABELS else found.mean(dtype=np.float64)
        del found
    cpu, wall = min(times, key=lambda pair: pair[threads > 1])
    return {
        "task": task,
        "image": "",
        "size": mask.shape[0],
        "solver": solver,
        "threads": threads,
        "cpu_s": round(cpu, 4),
        "wall_s": round(wall, 4),
        "bytes_per_voxel": round(grown * 1024 / mask.size, 1),
        "check": check if task in LABELS else float(f"{check:.5g}"),
    }


def _resident(field):
    """Kilobytes of this process: VmRSS now, VmHWM at most since the peak was reset (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def run_apart(python, *what):
    """The same in a fresh process, so that memory is that solver's own."""
    command = [python, __file__, "--one", *map(str, what)]
    # Every large array gets pages of its own, so that none hides in freed ones.
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def measure(options):
    """Rows of all solvers on all tasks, images and sizes."""
    solvers = [name for name in SOLVERS if name not in MODULES or name in options.peer]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.images:
            for size in sorted(options.sizes):
                path = Path(folder) / "image.npy"
                np.save(path, make_image(name, size))
                for task in options.tasks:
                    for solver in solvers:
                        if task in SOLVERS[solver] and size <= LARGEST.get(solver, size):
                            python = options.peer_python if solver in MODULES else sys.executable
                            row = run_apart(python, solver, task, path, options.threads)
                            rows.append(row | {"image": name})
    for row in rows:
        _compare(row, rows)
    return rows


def _compare(row, rows):
    same = [r for r in rows if all(r[key] == row[key] for key in ("task", "image", "size"))]
    ours = next(r for r in same if r["solver"] == "diptych")
    clock = "cpu_s" if row["threads"] == 1 else "wall_s"
    row["times_diptych"] = round(row[clock] / max(ours[clock], 1e-4), 1)
    whole = row["task"] != "distance5" or row["solver"] == "diptych"
    if whole and abs(row["check"] - ours["check"]) > 2e-4 * abs(ours["check"]):
        print(f"{row['solver']} disagrees: {row}\n{ours}", file=sys.stderr)
        raise SystemExit(1)
    line = [r for r in rows if all(r[key] == row[key] for key in ("task", "image", "solver"))]
    row["growth"] = None
    for small, large in pairwise(line):
        large["growth"] = round(large["cpu_s"] / max(small["cpu_s"], 1e-4), 1)


def main():
    about = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=about[0], epilog=about[1], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[128])
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--images", nargs="+", choices=IMAGES, default=list(IMAGES))
    parser.add_argument("--threads", type=int, default=1, help="of ours, edt and SimpleITK")
    parser.add_argument("--peer", nargs="+", choices=list(MODULES), default=[])
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has the peers")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        solver, task, path, threads = options.one
        print(json.dumps(run_here(solver, task, path, int(threads))))
        return
    _find_peers(options)
    rows = measure(options)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("  ".join(f"{name:>15}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{row[name]!s:>15}" for name in rows[0]))


def _find_peers(options):
    if options.peer:
        from environments import check_python, find_python

        python = options.peer_python or find_python("regions", REQUIREMENTS)
        for name in options.peer:
            check_python(python, MODULES[name])
        options.peer_python = python


if __name__ == "__main__":
    main()
