"""What a minimum cut is: labels, value, the flow that proves it, and the verdict on both."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an independent pass over inputs, flow and labels found.

    Every figure is recomputed from the inputs; none is taken from the solver.

    capacity : edges that carry more than their capacity
    conservation : voxels where flow appears or vanishes without a seed or unary term
    unsaturated : edges from side 1 to side 2 that are not full, or unary terms not paid
    labels : voxels with a wrong label (a seed on the wrong side, tissue without side)
    value : sum of what the labels sever
    flow : what leaves the sources by the flow
    """

    capacity: int
    conservation: int
    unsaturated: int
    labels: int
    value: int
    flow: int

    @property
    def faults(self) -> int:
        """Number of violated conditions."""
        return self.capacity + self.conservation + self.unsaturated + self.labels

    @property
    def passed(self) -> bool:
        """True when the flow is feasible and equals the cut: the cut is a global minimum."""
        return self.faults == 0 and self.value == self.flow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """A cut and its proof.

    labels : (I, J, K) uint8, 0 no tissue, 1 source side, 2 sink side; the smallest
        source side of all minimum cuts, hence unique
    value : sum of the capacities that the labels sever
    lower_bound : no cut can be smaller; the value of a feasible flow
    certificate : verdict of the independent pass
    scale : integer capacity units per unit of the cost given (1 for integer costs)
    gap : in units of the cost given: at most so much does the labels' cost, in the floats
        given, exceed that of the best labels (0 for integer costs)
    network : `network.Network`, the problem and its flow, from which `resolve` goes on, or None
    """

    labels: NDArray[np.uint8]
    value: int
    lower_bound: int
    certificate: Certificate
    scale: float
    gap: float = 0.0
    network: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What a cut drawn by hand is worth.

    optimal : no cut is cheaper
    value : sum of the capacities that it severs
    lower_bound : value of the cheapest cut, proven by `best.certificate`
    loss : value - lower_bound
    where : (I, J, K) booleans, the voxels that would have to change side
    best : the cheapest cut
    """

    optimal: bool
    value: int
    lower_bound: int
    loss: int
    where: NDArray[np.bool_]
    best: Cut
