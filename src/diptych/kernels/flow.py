"""Steady laminar flow in a network of tubes: Poiseuille's law and Kirchhoff's rules.

Each tube carries conductance x (pressure at its start - pressure at its end); at each
node the flow that enters (with the node's own source) is the flow that leaves. Loops and
several roots are allowed. The system is solved for pressures above the first root's, so
that large common pressures cost no digits, and refined once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from diptych.model.errors import InputError

PASCAL_PER_MMHG = 133.322387415
"""Conventional millimetre of mercury (exact by definition)."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkFlow:
    """pressure (nodes,) mmHg, NaN where no root is in reach; flow (tubes,) ml/min."""

    pressure: FloatArray
    flow: FloatArray


def tube_conductance(path: FloatArray, radius: FloatArray, viscosity: float) -> float:
    """Conductance of a tube of changing radius, ml/min per mmHg.

    path (N, 3) mm and radius (N,) mm along it; viscosity in mPa.s. The resistances
    8 mu L / (pi r^4) of its short pieces (mean of both ends' 1/r^4) are added.
    """
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1) * 1e-3
    inverse = (radius * 1e-3) ** -4.0
    pieces = lengths * 0.5 * (inverse[:-1] + inverse[1:])
    resistance = 8.0 * viscosity * 1e-3 * float(pieces.sum()) / np.pi
    return PASCAL_PER_MMHG / resistance * 60e6


def solve_flow(
    *, tubes: IntArray, conductance: FloatArray, source: FloatArray, root_pressure: FloatArray
) -> NetworkFlow:
    """Node pressures and tube flows.

    tubes (E, 2) node numbers; conductance (E,) ml/min per mmHg, above 0; source (V,)
    ml/min that enters at each node (ignored at roots); root_pressure (V,) mmHg, NaN at
    nodes that are free. Flow is positive from a tube's first node to its second.
    Nodes out of reach of every root get NaN, and their tubes flow 0; InputError if such
    nodes have a source, for that blood would have nowhere to go.
    """
    _check(tubes, conductance, source, root_pressure)
    rooted = ~np.isnan(root_pressure)
    reached = _reached(tubes, len(source), rooted)
    _refuse_stranded(source, reached)
    pressure = np.where(rooted, root_pressure, np.nan)
    free = np.flatnonzero(reached & ~rooted)
    base = float(root_pressure[rooted][0]) if rooted.any() else 0.0
    if len(free):
        pressure[free] = base + _solve_free(tubes, conductance, source, root_pressure - base, free)
    drop = pressure[tubes[:, 0]] - pressure[tubes[:, 1]]
    return NetworkFlow(pressure=pressure, flow=conductance * np.nan_to_num(drop))


def trace_outlets(
    *, tubes: IntArray, flow: FloatArray, pressure: FloatArray, outlets: IntArray
) -> FloatArray:
    """Share (V, R) of what passes each node that ends at each of the outlets.

    Followed along the flow with full mixing at each node: what a node passes on is parted
    as the flows that leave it. Rows sum to 1, or are 0 where nothing leads to an outlet.
    For tubes that feed (arteries) give the negative flow and pressure: then the shares are
    those of the inlets that a node's blood came from.
    """
    shares = np.zeros((len(pressure), len(outlets)))
    shares[outlets, np.arange(len(outlets))] = 1.0
    ends = set(outlets.tolist())
    first = np.where(flow > 0.0, tubes[:, 0], tubes[:, 1])
    second = np.where(flow > 0.0, tubes[:, 1], tubes[:, 0])
    leaving: dict[int, list[int]] = {}
    for tube in np.flatnonzero(flow != 0.0).tolist():
        leaving.setdefault(int(first[tube]), []).append(tube)
    for node in np.argsort(pressure, kind="stable").tolist():
        if node in leaving and node not in ends:
            out = np.array(leaving[node])
            amount = np.abs(flow[out])
            shares[node] = (amount @ shares[second[out]]) / amount.sum()
    return shares


def _check(
    tubes: IntArray, conductance: FloatArray, source: FloatArray, root_pressure: FloatArray
) -> None:
    if root_pressure.shape != source.shape or tubes.shape != (len(conductance), 2):
        raise InputError(
            f"network with tubes {tubes.shape}, conductance {conductance.shape},"
            f" source {source.shape} and roots {root_pressure.shape}:"
            " the sizes do not agree",
            remedy="give one conductance for each tube, and one source and root for each node",
        )
    if len(tubes) and not bool((conductance > 0).all() and np.isfinite(conductance).all()):
        raise InputError(
            f"conductance {float(np.min(conductance))} of a tube, expected finite and above 0",
            remedy="measure the radius of that vessel again",
        )


def _reached(tubes: IntArray, nodes: int, rooted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    links = csr_matrix((np.ones(len(tubes)), (tubes[:, 0], tubes[:, 1])), shape=(nodes, nodes))
    _, part = connected_components(links, directed=False)
    result: NDArray[np.bool_] = np.isin(part, part[rooted])
    return result


def _refuse_stranded(source: FloatArray, reached: NDArray[np.bool_]) -> None:
    stranded = np.flatnonzero(~reached & (source != 0.0))
    if len(stranded):
        raise InputError(
            f"{len(stranded)} nodes (first {int(stranded[0])}) receive"
            f" {float(source[stranded].sum()):.3g} ml/min but no root can be reached from them",
            remedy="give their part of the network a root, or no source",
        )


def _solve_free(
    tubes: IntArray,
    conductance: FloatArray,
    source: FloatArray,
    fixed: FloatArray,
    free: IntArray,
) -> FloatArray:
    """Pressures of the free nodes above the base, by sparse LU with one refinement."""
    place = np.full(len(source), -1, dtype=np.int64)
    place[free] = np.arange(len(free))
    right = source[free].copy()
    rows, columns, values = [], [], []
    for here, there in ((0, 1), (1, 0)):
        mine, other = place[tubes[:, here]], place[tubes[:, there]]
        live = mine >= 0
        rows += [mine[live]]
        columns += [mine[live]]
        values += [conductance[live]]
        both = live & (other >= 0)
        rows += [mine[both]]
        columns += [other[both]]
        values += [-conductance[both]]
        known = fixed[tubes[:, there]]
        edge = live & (other < 0) & ~np.isnan(known)
        np.add.at(right, mine[edge], conductance[edge] * known[edge])
    matrix = csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(free), len(free)),
    )
    factors = splu(matrix.tocsc())
    answer = factors.solve(right)
    answer += factors.solve(right - matrix @ answer)
    return np.asarray(answer, dtype=np.float64)
