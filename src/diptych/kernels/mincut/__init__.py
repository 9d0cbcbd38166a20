"""Exact minimum cuts on voxel grids, with a proof that anyone can check.

    cut = minimum_cut(cost, seeds)
    cut.value == cut.lower_bound and cut.certificate.passed

Usable alone: numpy and numba only. The method is told in `solve`, the proof in `certificate`.
"""

from diptych.kernels.mincut.problem import minimum_cut, minimum_cut_edges
from diptych.kernels.mincut.result import Certificate, Cut, Verdict
from diptych.kernels.mincut.warm import certify, front, resolve

__all__ = [
    "Certificate",
    "Cut",
    "Verdict",
    "certify",
    "front",
    "minimum_cut",
    "minimum_cut_edges",
    "resolve",
]
