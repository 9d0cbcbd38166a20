"""The second engine as a cut: a preview with a certified gap."""

import numpy as np

from diptych.kernels.mincut.network import Given
from diptych.kernels.mincut.primal_dual import solve_primal_dual
from diptych.kernels.mincut.result import Certificate, Cut


def preview_cut(given: Given, gap: float, threads: int) -> Cut:
    """A cut within `gap` of its value from the best, or as near as the engine came.

    `Cut.lower_bound` is certified by the engine's own check in whole numbers; the certificate
    passes only where bound and value agree. The cut carries no network.
    """
    assert given.cost is not None
    preview = solve_primal_dual(
        given.cost,
        given.seeds,
        weights=np.repeat(given.weights, 2),
        steps=np.stack([given.ahead, -given.ahead], axis=1).reshape(-1, 3),
        unary=None if given.unary is None else _counted(given),
        walled=None if given.walled is None else given.walled.astype(bool),
        gap=gap,
        threads=threads,
    )
    return Cut(
        labels=preview.labels,
        value=preview.value,
        lower_bound=preview.lower_bound,
        certificate=Certificate(
            capacity=0,
            conservation=0,
            unsaturated=0,
            labels=0,
            value=preview.value,
            flow=preview.lower_bound,
        ),
        scale=given.scale,
        gap=(preview.value - preview.lower_bound) / given.scale,
    )


def _counted(given: Given) -> np.ndarray:
    """Unary terms without those of seeds and air."""
    assert given.unary is not None and given.cost is not None
    return np.where((given.cost != 0) & (given.seeds == 0), given.unary, 0)
