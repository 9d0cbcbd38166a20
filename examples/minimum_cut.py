"""The cheapest surface between two seeds in a 3D image, and the proof that none is cheaper.

    python examples/minimum_cut.py

Think of a block of wood in which each voxel says how hard it is to saw. One end is marked A,
the other B, and the saw must part them. A surface costs the sum over all pairs of neighbours
that it parts, each pair the price of both voxels. The cheapest such surface is called a
minimum cut.

How can one know that no surface anywhere is cheaper? Let water run from A to B, at most as
much through each pair of neighbours as that pair would cost to part. All water must cross any
surface between A and B, so no surface can cost less than the water that gets through. When a
surface costs exactly as much, both are the best there is (Ford and Fulkerson 1956,
doi:10.4153/CJM-1956-045-5). `minimum_cut` finds such a surface and such a flow; its
certificate is a separate check of both against the prices given.

The wood here is a toy of two heads joined at the top, made of skin, bone, brain and a thin
sheet between the brains. It has no other meaning. Only numpy and the kernel are used.
"""

# ruff: noqa: T201
from time import perf_counter

import numpy as np

from diptych.kernels.mincut import certify, front, minimum_cut, resolve

SIZE = 72
AIR, SKIN, BONE, FLUID, BRAIN = 0, 6, 14, 3, 60
SHEET = 0.1  # half its thickness, where the block reaches from -1 to 1
FREE, A, B = 0, 1, 2


def make_heads():
    """Prices (0 is air), seeds (0 free, 1 is A, 2 is B), the long axis, and the sheet."""
    chance = np.random.Generator(np.random.Philox(key=1))
    axis = np.linspace(-1.0, 1.0, SIZE)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    bend = 0.06 * np.sin(3.0 * y) + 0.05 * np.cos(4.0 * z)  # where the two meet
    depth = [
        ((x - middle) / 0.62) ** 2 + (y / 0.6) ** 2 + (z / 0.55) ** 2 for middle in (-0.4, 0.4)
    ]
    inside = np.minimum(*depth)  # 0 in the middle of a head, 1 on its skin
    cost = np.select(
        [inside > 1.0, inside > 0.9, inside > 0.72, inside > 0.66],
        [AIR, SKIN, BONE, FLUID],
        BRAIN,
    )
    away = np.abs(x - bend)  # the sheet is cheapest in its middle
    cost = np.where((away < SHEET) & (inside < 0.9), 3 + 150 * away, cost)
    noise = chance.uniform(0.75, 1.25, cost.shape)
    cost = np.where(cost == AIR, 0, np.maximum(1, np.rint(cost * noise))).astype(np.uint8)
    seeds = np.select([depth[0] < 0.04, depth[1] < 0.04], [A, B], FREE).astype(np.uint8)
    return cost, seeds, x, (away < SHEET) & (cost > 0)


def show(name, value, seconds, remark):
    """One row of the table."""
    print(f"{name:<34}{value:>9}{1000 * seconds:>9.1f} ms   {remark}")


def timed(work):
    """The result of `work` and how long it took."""
    start = perf_counter()
    result = work()
    return result, perf_counter() - start


def warm_up(cost, seeds):
    """Let numba compile everything once, so that the table shows the work alone."""
    cut = minimum_cut(cost, seeds)
    certify(cost, seeds, np.where(seeds == A, A, B))
    front(cost, seeds, (cost > 0).astype(np.int64), [0, 1])
    resolve(cut, cost == BRAIN, np.where(cost == BRAIN, BRAIN + 1, cost))


def main():
    """Cut, judge a drawing, price one side, change the wood; print what each gives."""
    cost, seeds, x, sheet = make_heads()
    _, seconds = timed(lambda: warm_up(cost, seeds))
    print(f"{SIZE} x {SIZE} x {SIZE} voxels, {np.count_nonzero(cost)} of them tissue")
    print(f"machine code made or loaded in {seconds:.1f} s, once per machine\n")
    print(f"{'':<34}{'cost':>9}{'time':>12}")

    cut, seconds = timed(lambda: minimum_cut(cost, seeds))
    verdict = "proven" if cut.certificate.passed else "NOT PROVEN"
    show("minimum_cut: the best surface", cut.value, seconds, f"flow {cut.lower_bound}: {verdict}")

    # A surface drawn by hand: the plane half way between the heads.
    plane = np.where(x < 0.0, A, B)
    drawn, seconds = timed(lambda: certify(cost, seeds, plane))
    remark = f"{drawn.loss} too much, {drawn.where.sum()} voxels on the wrong side"
    show("certify: a plane drawn by hand", drawn.value, seconds, remark)
    best, seconds = timed(lambda: certify(cost, seeds, cut.labels))
    show("certify: the best surface", best.value, seconds, f"optimal: {best.optimal}")

    # The higher the price on each voxel of the sheet that goes to B, the more of them go to A.
    prices = [0, 1, 2, 4, 8]
    fair = sheet.astype(np.int64)
    cuts, seconds = timed(lambda: front(cost, seeds, fair, prices))
    for price, point in zip(prices, cuts, strict=True):
        share = (point.labels[sheet] == A).mean()
        proof = "proven" if point.certificate.passed else "NOT PROVEN"
        show(
            f"front: B pays {price} a voxel of sheet",
            point.value,
            seconds / 5,
            f"A gets {share:.0%} of it, {proof}",
        )

    # A small part of the sheet turns out to be hard: go on from the flow already there.
    place = (slice(SIZE // 2 - 4, SIZE // 2 + 4),) * 3
    harder, changed = cost.copy(), np.zeros(cost.shape, dtype=bool)
    harder[place], changed[place] = 90, True
    again, seconds = timed(lambda: resolve(cut, changed, harder))
    anew, from_nothing = timed(lambda: minimum_cut(harder, seeds))
    same = np.array_equal(again.labels, anew.labels)
    show(
        "resolve: 8 x 8 x 8 voxels harder",
        again.value,
        seconds,
        f"proven: {again.certificate.passed}",
    )
    show("minimum_cut of the same, anew", anew.value, from_nothing, f"same surface: {same}")
    print("\nfront: the time is the mean of its five surfaces")


if __name__ == "__main__":
    main()
