"""What either twin would gain if a vessel were split, grafted or bypassed: shown, never chosen.

split : both keep a part of a wide sinus, each half rebuilt with a patch
graft : a twin that loses the vessel gets a graft along the same way
bypass : it gets a graft from an end of the vessel to its own junction of lowest pressure in reach
Who loses a vessel is told by `losses`: of one that serves neither twin, each whose blood was in it.
Each is a tube by Poiseuille's law, laid into the drainage that the keepers leave; all else stays.
"""

from dataclasses import dataclass, replace

import numpy as np

from diptych.kernels.flow import tube_conductance
from diptych.model import MillilitrePerMinute, VesselId, VesselNetwork, VesselOption
from diptych.separation.channels import Channels, FloatArray, IntArray
from diptych.separation.drained import drain_twin, reached_from
from diptych.separation.losses import Losses
from diptych.separation.terms import AllocationTerms

GRAFT = VesselId("graft")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What all options are laid into.

    losses : who loses each tube; drained : ml/min at each place without any option
    """

    channels: Channels
    keepers: IntArray
    losses: Losses
    network: VesselNetwork
    terms: AllocationTerms
    drained: tuple[float, float]


def weigh_options(ground: Ground, *, least: float) -> tuple[VesselOption, ...]:
    """Options by which a twin that loses a vessel gains at least `least` ml/min.

    The largest gain first. An option counts for one vessel alone.
    """
    found = [
        option
        for tube in np.flatnonzero(ground.channels.open).tolist()
        for loser in ground.losses.losers(tube)
        for lay in (_split, _graft, _bypass)
        for option in [lay(ground, tube, loser)]
        if option is not None and float(option.gain[option.twin]) >= least
    ]
    return tuple(sorted(found, key=lambda option: _rank(ground.channels, option)))


def _rank(channels: Channels, option: VesselOption) -> tuple[float, int, str, int]:
    gain = round(float(option.gain[option.twin]), 3)
    return -gain, channels.number(option.vessel), option.kind, channels.place(option.twin)


def split_tubes(channels: Channels, tubes: list[int], part: float) -> Channels:
    """With those tubes divided: both twins have one of `part` of its conductance."""
    for tube in tubes:
        conductance = channels.conductance.copy()
        conductance[tube] *= part
        owner, opened = channels.owner.copy(), channels.open.copy()
        owner[tube], opened[tube] = 0, False
        divided = replace(channels, conductance=conductance, owner=owner, open=opened)
        channels = divided.with_tubes(
            channels.tubes[[tube]], conductance[[tube]], 1, channels.vessels[tube]
        )
    return channels


def _split(ground: Ground, tube: int, loser: int) -> VesselOption | None:
    vessel = ground.network.vessel(ground.channels.vessels[tube])
    terms = ground.terms
    if float(vessel.calibre) < terms.value("split-least-calibre"):
        return None
    part = terms.value("split-conductance")
    channels = split_tubes(ground.channels, [tube], part)
    return _weigh(
        ground,
        (tube, loser),
        channels,
        "split",
        f"divided lengthwise and patched, each half carries {part:.0%} of the whole",
    )


def _graft(ground: Ground, tube: int, loser: int) -> VesselOption | None:
    channels, vessel = ground.channels, ground.network.vessel(ground.channels.vessels[tube])
    ends = int(channels.tubes[tube, 0]), int(channels.tubes[tube, 1])
    laid = _lay(ground, loser, ends, vessel.path)
    words = f"graft of {float(vessel.length):.0f} mm along the same way"
    return _weigh(ground, (tube, loser), laid, "graft", words)


def _bypass(ground: Ground, tube: int, loser: int) -> VesselOption | None:
    ends = _bypass_ends(ground, tube, loser)
    if ends is None:
        return None
    path = np.array([ground.network.nodes[node].position for node in ends])
    length = float(np.linalg.norm(path[1] - path[0]))
    words = f"bypass of {length:.0f} mm from {ground.channels.nodes[ends[0]]} to " + str(
        ground.channels.nodes[ends[1]]
    )
    return _weigh(ground, (tube, loser), _lay(ground, loser, ends, path), "bypass", words)


def _bypass_ends(ground: Ground, tube: int, loser: int) -> tuple[int, int] | None:
    """From an end of the vessel to the lowest pressure of the losing twin in reach."""
    channels = ground.channels
    kept = channels.kept(ground.keepers, loser) & ~ground.losses.blind
    mine = np.zeros(len(channels.nodes), dtype=np.bool_)
    mine[channels.tubes[kept].ravel()] = True
    drains = mine & reached_from(channels.tubes[kept], channels.root == loser)
    pressure = drain_twin(channels, loser, kept).pressure
    place = np.array([node.position for node in ground.network.nodes])
    best: tuple[float, float, int, int] | None = None
    for start in sorted(int(node) for node in channels.tubes[tube] if mine[node]):
        away = np.linalg.norm(place - place[start], axis=1)
        near = drains & (away > 0.0) & (away <= ground.terms.value("bypass-reach"))
        for node in np.flatnonzero(near).tolist():
            key = (round(float(pressure[node]), 9), float(away[node]), start, node)
            best = key if best is None or key < best else best
    return None if best is None else (best[2], best[3])


def _lay(ground: Ground, loser: int, ends: tuple[int, int], path: FloatArray) -> Channels:
    terms = ground.terms
    radius = np.full(len(path), terms.value("graft-calibre") / 2.0)
    conductance = tube_conductance(path, radius, terms.viscosity)
    return ground.channels.with_tubes(np.array([ends]), np.array([conductance]), loser, GRAFT)


def _weigh(
    ground: Ground, loss: tuple[int, int], channels: Channels, kind: str, words: str
) -> VesselOption:
    """The option as shown. loss : the tube, and the place that loses it."""
    tube, loser = loss
    keepers = np.concatenate([ground.keepers, channels.owner[len(ground.keepers) :]])
    twins = ground.channels.twins
    drained = [drain_twin(channels, place, channels.kept(keepers, place)).total for place in (0, 1)]
    row = ground.terms.allocation.row(f"{kind}-risk")
    return VesselOption(
        kind=kind,
        vessel=ground.channels.vessels[tube],
        twin=twins[loser],
        drained={twins[p]: MillilitrePerMinute(round(drained[p], 6)) for p in (0, 1)},
        gain={
            twins[p]: MillilitrePerMinute(round(drained[p] - ground.drained[p], 6)) for p in (0, 1)
        },
        risk=ground.terms.measured(f"{kind}-risk"),
        statement=words,
        source=f"{row.source}; confidence {row.confidence.value}",
    )
