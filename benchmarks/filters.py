"""Speed and memory of vesselness and resampling beside free peers, in one run.

    python benchmarks/filters.py vesselness resample --sizes 128 256 [--peer simpleitk] [--json]

vesselness: two scales, 1 and 2 voxels, of a float32 head of tubes in noise. `diptych` measures
the whole cube, `diptych-tissue` only the head (a ball, 27 % of the cube). Peers: scikit-image's
`sato` (the same measure; up to 128, for it takes 180 bytes a voxel) and SimpleITK's recursive
Gaussian and ObjectnessMeasure (another measure of the same eigenvalues).
resample: the same volume turned by three angles, orders 0, 1 and 3. Peers: scipy's
`affine_transform` and SimpleITK's `Resample`.

Every measurement runs in a process of its own, on one thread, after a tiny one that compiles.
bytes_per_voxel is the growth of the peak resident set over the loaded input, result included.
times_diptych is the solver's CPU time over ours; growth is its CPU time over that of the size
before. mean is the mean absolute result, to compare what was computed.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from environments import check_python, find_python

SCALES = (1.0, 2.0)
ANGLES = (0.1, 0.2, 0.3)
PEERS = {"simpleitk": ("SimpleITK", ["simpleitk==2.5.7", "numpy==2.4.6"])}
SOLVERS = {
    "vesselness": ("diptych", "diptych-tissue", "scikit-image", "simpleitk"),
    "resample": ("diptych", "scipy", "simpleitk"),
}
CASES = {"vesselness": ("2 scales",), "resample": ("order 0", "order 1", "order 3")}
LARGEST = {"scikit-image": 128}


def make_head(size):
    """A ball of noise with tubes of 1 to 3 voxels, float32, and where the ball is."""
    chance = np.random.Generator(np.random.Philox(key=size))
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    x, y, z = axis[:, None, None], axis[None, :, None], axis[None, None, :]
    tissue = x * x + y * y + z * z < 0.8**2
    volume = chance.normal(100.0, 10.0, tissue.shape).astype(np.float32)
    for number in range(12):
        a, b = chance.uniform(-0.5, 0.5, 2)
        width = (1 + number % 3) * 2.0 / size
        first, second = ((x, y), (y, z), (z, x))[number % 3]
        away = (first - a - 0.1 * second) ** 2 + (second - b) ** 2
        volume += 150.0 * np.exp(-0.5 * away / width**2)
    volume[~tissue] = 0.0
    return volume, tissue


def find_turn(size):
    """Index map of a turn about the middle: matrix (3, 3) and offset (3,)."""
    matrix = np.eye(3)
    for axis, angle in enumerate(ANGLES):
        turn, (a, b) = np.eye(3), [n for n in range(3) if n != axis]
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    middle = np.full(3, (size - 1) / 2)
    return matrix, middle - matrix @ middle


def prepare(task, solver, case, volume, tissue):
    """A function that does the work once and returns an array-like result."""
    if solver == "simpleitk":
        return _prepare_simpleitk(task, case, volume)
    matrix, offset = find_turn(volume.shape[0])
    order = int(case.split()[-1]) if task == "resample" else 0
    if solver.startswith("diptych"):
        from diptych.kernels.resample import resample
        from diptych.kernels.vesselness import measure_vesselness

        mask = tissue if solver.endswith("tissue") else None
        if task == "vesselness":
            return lambda: measure_vesselness(volume, (1, 1, 1), scales=SCALES, mask=mask)
        return lambda: resample(volume, matrix, offset, volume.shape, order=order)
    if solver == "scipy":
        from scipy import ndimage

        return lambda: ndimage.affine_transform(volume, matrix, offset, order=order)
    from skimage.filters import sato

    return lambda: sato(volume, sigmas=SCALES, black_ridges=False, mode="nearest")


def _prepare_simpleitk(task, case, volume):
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image = sitk.GetImageFromArray(volume.transpose(2, 1, 0))
    if task == "vesselness":

        def measure():
            best = None
            for scale in SCALES:
                smooth = sitk.SmoothingRecursiveGaussian(image, scale)
                found = sitk.ObjectnessMeasure(
                    smooth, objectDimension=1, brightObject=True, scaleObjectnessMeasure=False
                )
                best = found if best is None else sitk.Maximum(best, found)
            return best

        return measure
    matrix, offset = find_turn(volume.shape[0])
    turn = sitk.AffineTransform(3)
    turn.SetMatrix(matrix.ravel().tolist())
    turn.SetTranslation(offset.tolist())
    how = {"order 0": sitk.sitkNearestNeighbor, "order 1": sitk.sitkLinear}
    kind = how.get(case, sitk.sitkBSpline)
    return lambda: sitk.Resample(image, image, turn, kind)


def run_here(task, solver, case, size):
    """One measurement in this process, as a row."""
    small, tissue = make_head(24)
    prepare(task, solver, case, small, tissue)()
    work = prepare(task, solver, case, *make_head(size))
    gc.collect()  # what imports and compilation left behind is not part of the work
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _resident("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = _resident("VmHWM") - before
    if solver == "simpleitk":
        import SimpleITK as sitk  # noqa: N813

        found = sitk.GetArrayFromImage(found)
    return {
        "task": task,
        "case": case,
        "size": size,
        "solver": solver,
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "bytes_per_voxel": round(grown * 1024 / size**3, 1),
        "mean": float(f"{np.abs(found).mean(dtype=np.float64):.6g}"),
    }


def _resident(field):
    """Kilobytes of this process: VmRSS now, VmHWM at most since the peak was reset (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def run_apart(python, *what):
    """The same in a fresh process, so that memory is that solver's own; the median of three."""
    command = [python, __file__, "--one", *map(str, what)]
    # Every large array gets pages of its own, so that none hides in freed ones.
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    rows = []
    for _ in range(3):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        rows.append(json.loads(done.stdout))
    return sorted(rows, key=lambda row: row["cpu_s"])[1]


def measure(options):
    """Rows of all solvers on all cases and sizes."""
    rows = []
    pythons = {"simpleitk": options.peer_python} if options.peer else {}
    for task in options.tasks:
        for case in CASES[task]:
            for solver in SOLVERS[task]:
                if solver in PEERS and solver not in pythons:
                    continue
                sizes = [n for n in sorted(options.sizes) if n <= LARGEST.get(solver, n)]
                python = pythons.get(solver, sys.executable)
                found = [run_apart(python, task, solver, case, size) for size in sizes]
                for small, large in pairwise(found):
                    large["growth"] = round(large["cpu_s"] / max(small["cpu_s"], 1e-3), 1)
                rows += found
    for row in rows:
        key = (row["task"], row["case"], row["size"])
        ours = next(r for r in rows if (r["task"], r["case"], r["size"]) == key)
        row["times_diptych"] = round(row["cpu_s"] / max(ours["cpu_s"], 1e-3), 1)
        row.setdefault("growth", None)
    return rows


def main():
    about = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(description=about[0], epilog=about[2])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="vesselness, resample (both)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--peer", choices=list(PEERS), help="install it apart and compare with it")
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has the peer")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.tasks = options.tasks or list(SOLVERS)
    if unknown := set(options.tasks) - set(SOLVERS):
        parser.error(f"no task {', '.join(sorted(unknown))}; there are {', '.join(SOLVERS)}")
    if options.one:
        task, solver, case, size = options.one
        print(json.dumps(run_here(task, solver, case, int(size))))
        return
    if options.peer:
        module, requirements = PEERS[options.peer]
        own = options.peer_python
        options.peer_python = (
            check_python(own, module) if own else find_python(module, requirements)
        )
    rows = measure(options)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("  ".join(f"{name:>15}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{row[name]!s:>15}" for name in rows[0]))


if __name__ == "__main__":
    main()
