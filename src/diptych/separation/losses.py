"""Whose blood loses its way when a vessel is given out.

A vessel that some twin can use afterwards is lost to the twin that does not keep it. A vein that
ends at the other twin's jugular can serve neither twin once they are apart, whoever keeps it: it
is lost to each twin whose blood flowed in it, its keeper too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from diptych.model import TwinId, VesselId
from diptych.separation.channels import Channels, IntArray, Mask

NONE = 1e-6
"""Share of the blood in a vessel that is taken as none: rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """lost (2, E) : the twin at that place loses the way of its blood when the tube is given out;
    none of tubes that are not open; blind (E,) : open tubes that can serve neither twin
    whole (E,) : of the others those that their own twin keeps and only its own blood flows in
    """

    lost: Mask
    blind: Mask
    whole: Mask

    def losers(self, tube: int) -> list[int]:
        """Places, 0 before 1."""
        return [place for place in (0, 1) if self.lost[place, tube]]


def find_losses(channels: Channels, keepers: IntArray, blood: Mapping[VesselId, float]) -> Losses:
    """Who loses each open tube. `blood` : twin A's share of what flows in each vessel, 0..1."""
    blind = channels.open & ~find_useful(channels, 0) & ~find_useful(channels, 1)
    of_a = np.array([blood[vessel] for vessel in channels.vessels])
    first = of_a if channels.twins[0] is TwinId.A else 1.0 - of_a
    inside = np.stack([first, 1.0 - first]) > NONE
    given = np.stack([channels.open & (keepers != place) for place in (0, 1)])
    other = np.where(keepers == 0, inside[1], inside[0])
    return Losses(
        lost=np.where(blind, inside, given),
        blind=blind,
        whole=channels.open & ~blind & (channels.owner == keepers) & ~other,
    )


def find_useful(channels: Channels, place: int) -> Mask:
    """Open tubes (E,) that the twin's blood could run through if it kept all that is open.

    True where a way from a junction that its blood enters to one of its jugulars runs through the
    tube and meets no junction twice: two ways from both ends of the tube that share no junction,
    one to the blood and one to a jugular. Found as a flow of two (Menger's theorem).
    """
    reach = channels.reach(place)
    result = np.zeros(len(reach), dtype=np.bool_)
    for tube in np.flatnonzero(reach & channels.open).tolist():
        others = reach.copy()
        others[tube] = False
        result[tube] = _two_ways(channels, place, channels.tubes[others], channels.tubes[tube])
    return result


def _two_ways(channels: Channels, place: int, tubes: IntArray, ends: IntArray) -> bool:
    """Whether blood and a jugular are reached from both ends with no junction in common.

    Each junction v is an edge v -> v + V of capacity 1; nothing leads on from a jugular.
    """
    count = len(channels.nodes)
    begin, blood, out, end = (2 * count + n for n in range(4))
    rooted = np.flatnonzero(channels.root == place)
    entered = np.flatnonzero(channels.source[place] > 0.0)
    nodes = np.arange(count)
    both = np.concatenate([tubes, tubes[:, ::-1]])
    both = both[~np.isin(both[:, 0], rooted)]
    steps = np.concatenate(
        [
            np.stack([nodes, nodes + count], axis=1),
            both + np.array([count, 0]),
            [(begin, int(node)) for node in ends],
            np.stack([entered + count, np.full(len(entered), blood)], axis=1),
            np.stack([rooted + count, np.full(len(rooted), out)], axis=1),
            [(blood, end), (out, end)],
        ]
    )
    steps = np.unique(steps, axis=0)
    graph = csr_matrix(
        (np.ones(len(steps), dtype=np.int32), (steps[:, 0], steps[:, 1])), shape=(end + 1, end + 1)
    )
    return int(maximum_flow(graph, begin, end).flow_value) == 2
