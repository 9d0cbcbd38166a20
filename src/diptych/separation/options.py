"""What either twin would gain if a vessel were split, grafted or bypassed: shown, never chosen.

split : both keep a part of a wide sinus, each half rebuilt with a patch
graft : the twin that loses the vessel gets a graft along the same way
bypass : it gets a graft from an end of the vessel to its own junction of lowest pressure in reach
Each is a tube by Poiseuille's law, laid into the drainage that the keepers leave; all else stays.
"""

from dataclasses import dataclass, replace

import numpy as np

from diptych.kernels.flow import tube_conductance
from diptych.model import MillilitrePerMinute, VesselId, VesselNetwork, VesselOption
from diptych.separation.channels import Channels, FloatArray, IntArray
from diptych.separation.drained import drain_twin, reached_from
from diptych.separation.terms import AllocationTerms

GRAFT = VesselId("graft")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What all options are laid into; drained : ml/min at each place without any."""

    channels: Channels
    keepers: IntArray
    network: VesselNetwork
    terms: AllocationTerms
    drained: tuple[float, float]


def weigh_options(ground: Ground, *, least: float) -> tuple[VesselOption, ...]:
    """Options by which the twin that loses a vessel gains at least `least` ml/min.

    The largest gain first. An option counts for one vessel alone.
    """
    found = [
        option
        for tube in np.flatnonzero(ground.channels.open).tolist()
        for option in (_split(ground, tube), _graft(ground, tube), _bypass(ground, tube))
        if option is not None and float(option.gain[option.twin]) >= least
    ]
    place = ground.channels.number
    return tuple(sorted(found, key=lambda o: (-round(o.gain[o.twin], 3), place(o.vessel), o.kind)))


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


def _split(ground: Ground, tube: int) -> VesselOption | None:
    vessel = ground.network.vessel(ground.channels.vessels[tube])
    terms = ground.terms
    if float(vessel.calibre) < terms.value("split-least-calibre"):
        return None
    part = terms.value("split-conductance")
    channels = split_tubes(ground.channels, [tube], part)
    return _weigh(
        ground,
        tube,
        channels,
        "split",
        f"divided lengthwise and patched, each half carries {part:.0%} of the whole",
    )


def _graft(ground: Ground, tube: int) -> VesselOption | None:
    channels, vessel = ground.channels, ground.network.vessel(ground.channels.vessels[tube])
    path = vessel.path
    laid = _lay(ground, tube, (int(channels.tubes[tube, 0]), int(channels.tubes[tube, 1])), path)
    return _weigh(
        ground, tube, laid, "graft", f"graft of {float(vessel.length):.0f} mm along the same way"
    )


def _bypass(ground: Ground, tube: int) -> VesselOption | None:
    ends = _bypass_ends(ground, tube)
    if ends is None:
        return None
    path = np.array([ground.network.nodes[node].position for node in ends])
    length = float(np.linalg.norm(path[1] - path[0]))
    words = f"bypass of {length:.0f} mm from {ground.channels.nodes[ends[0]]} to " + str(
        ground.channels.nodes[ends[1]]
    )
    return _weigh(ground, tube, _lay(ground, tube, ends, path), "bypass", words)


def _bypass_ends(ground: Ground, tube: int) -> tuple[int, int] | None:
    """From an end of the vessel to the lowest pressure of the losing twin in reach."""
    channels, loser = ground.channels, 1 - int(ground.keepers[tube])
    kept = channels.kept(ground.keepers, loser)
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


def _lay(ground: Ground, tube: int, ends: tuple[int, int], path: FloatArray) -> Channels:
    terms = ground.terms
    radius = np.full(len(path), terms.value("graft-calibre") / 2.0)
    conductance = tube_conductance(path, radius, terms.viscosity)
    return ground.channels.with_tubes(
        np.array([ends]), np.array([conductance]), 1 - int(ground.keepers[tube]), GRAFT
    )


def _weigh(ground: Ground, tube: int, channels: Channels, kind: str, words: str) -> VesselOption:
    keepers = np.concatenate([ground.keepers, channels.owner[len(ground.keepers) :]])
    twins = ground.channels.twins
    drained = [drain_twin(channels, place, channels.kept(keepers, place)).total for place in (0, 1)]
    row = ground.terms.allocation.row(f"{kind}-risk")
    return VesselOption(
        kind=kind,
        vessel=ground.channels.vessels[tube],
        twin=twins[1 - int(ground.keepers[tube])],
        drained={twins[p]: MillilitrePerMinute(round(drained[p], 6)) for p in (0, 1)},
        gain={
            twins[p]: MillilitrePerMinute(round(drained[p] - ground.drained[p], 6)) for p in (0, 1)
        },
        risk=ground.terms.measured(f"{kind}-risk"),
        statement=words,
        source=f"{row.source}; confidence {row.confidence.value}",
    )
