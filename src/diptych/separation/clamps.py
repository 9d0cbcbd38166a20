"""The order of test clamps, and what the flow solver expects of each.

Next comes the vessel whose loss raises the pressure of those that lose it least, seen from
before the first clamp; so what costs least is tried first, while every other way is still open.
It is a rule, not an optimum. Pressures are those of the full flow of both twins. Who loses a
vessel is told by `losses`: the twin that does not keep it, or, of one that can serve neither
twin afterwards, each whose blood flowed in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from diptych.model import (
    ClampStep,
    FlowChange,
    Measured,
    MillilitrePerMinute,
    MillimetreOfMercury,
    Minute,
    TwinId,
)
from diptych.separation.channels import Channels, FloatArray, IntArray, Mask
from diptych.separation.joint import Pressures, join, solve_pressures
from diptych.separation.losses import Losses
from diptych.separation.terms import AllocationTerms

WINDOW = 8
"""So many of the waiting vessels with the least flow are compared for the next clamp."""
CHANGES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clamping:
    """Tubes in the order of their clamps, and the pressures before the first and after each.

    losses : who loses each tube
    """

    order: tuple[int, ...]
    states: tuple[Pressures, ...]
    losses: Losses


def order_clamps(channels: Channels, keepers: IntArray, losses: Losses) -> Clamping:
    """All open tubes in the order in which to test-clamp them."""
    done = np.zeros(len(channels.tubes), dtype=np.bool_)
    states = [solve_pressures(join(channels, keepers, done))]
    waiting = sorted(
        np.flatnonzero(channels.open).tolist(), key=lambda t: (abs(float(states[0].flow[t])), t)
    )
    order: list[int] = []
    while waiting:
        tried = [
            _try(channels, (keepers, losses), done, tube, states[0]) for tube in waiting[:WINDOW]
        ]
        best = min(range(len(tried)), key=lambda n: tried[n][0])
        states.append(tried[best][1])
        order.append(waiting.pop(best))
        done[order[-1]] = True
    return Clamping(order=tuple(order), states=tuple(states), losses=losses)


def _try(
    channels: Channels, given: tuple[IntArray, Losses], done: Mask, tube: int, start: Pressures
) -> tuple[tuple[float, float], Pressures]:
    """Cost of clamping one tube next (blood cut off, then rise), and the pressures then."""
    after = done.copy()
    after[tube] = True
    solved = solve_pressures(join(channels, given[0], after))
    losers = given[1].losers(tube)
    lost = sum(solved.cut_off[place] for place in losers)
    rise = max(rise_of(channels, place, start, solved) for place in losers)
    return (round(lost, 6), round(rise, 6)), solved


def rise_of(channels: Channels, place: int, before: Pressures, after: Pressures) -> float:
    """Highest rise, mmHg, at nodes that the twin's blood enters (those cut off apart)."""
    nodes = channels.source[place] > 0.0
    rise = (after.pressure[place] - before.pressure[place])[nodes]
    return float(np.nanmax(rise, initial=0.0))


def gradient_of(channels: Channels, place: int, state: Pressures) -> float:
    """Highest pressure above the jugular, mmHg, at nodes that the twin's blood enters."""
    return float(np.nanmax(state.pressure[place][channels.source[place] > 0.0], initial=0.0))


def describe_clamps(
    channels: Channels, keepers: IntArray, clamping: Clamping, sinus: Mask, terms: AllocationTerms
) -> tuple[ClampStep, ...]:
    """One step for each open tube whose loss is somebody's. `sinus` (E,) : dural sinuses.

    None for a tube that stays whole with its own twin, carries that twin's blood alone, and by
    whose closing neither twin's pressure rises nor blood loses its way: nothing is divided there
    but what joins it, and nothing could be read off a test.
    """
    tested = [n for n in range(len(clamping.order)) if not _is_nobodys(channels, clamping, n)]
    return tuple(
        replace(_step(channels, keepers, clamping, number, sinus, terms), order=order)
        for order, number in enumerate(tested, start=1)
    )


def _is_nobodys(channels: Channels, clamping: Clamping, number: int) -> bool:
    before, after = clamping.states[number], clamping.states[number + 1]
    return bool(clamping.losses.whole[clamping.order[number]]) and all(
        round(rise_of(channels, place, before, after), 6) == 0.0
        and round(after.cut_off[place] - before.cut_off[place], 6) == 0.0
        for place in (0, 1)
    )


def _step(
    channels: Channels,
    keepers: IntArray,
    clamping: Clamping,
    number: int,
    sinus: Mask,
    terms: AllocationTerms,
) -> ClampStep:
    tube = clamping.order[number]
    start, before, after = (clamping.states[n] for n in (0, number, number + 1))
    total = [rise_of(channels, place, start, after) for place in (0, 1)]
    gradient = [gradient_of(channels, place, after) for place in (0, 1)]
    highest = terms.physiology.value("jugular-pressure") + _highest_sinus(channels, after, sinus)
    lost = [after.cut_off[place] - start.cut_off[place] for place in (0, 1)]
    return ClampStep(
        order=number + 1,
        vessel=channels.vessels[tube],
        keeper=channels.twins[int(keepers[tube])],
        rise=_pressures(channels, [rise_of(channels, p, before, after) for p in (0, 1)]),
        total_rise=_pressures(channels, total),
        gradient=_pressures(channels, gradient),
        sinus_pressure=MillimetreOfMercury(round(highest, 6)),
        cut_off={
            channels.twins[place]: MillilitrePerMinute(round(after.cut_off[place], 6))
            for place in (0, 1)
        },
        test=Minute(round(terms.value("clamp-test"))),
        infarct=infarct_risk(
            max(worst_rise(total[p], lost[p], terms) for p in clamping.losses.losers(tube)), terms
        ),
        stop=_stop(channels, total, highest, lost, terms),
        changes=_changes(channels, before, after, tube),
    )


def _pressures(channels: Channels, both: list[float]) -> Mapping[TwinId, MillimetreOfMercury]:
    return {channels.twins[p]: MillimetreOfMercury(round(both[p], 6)) for p in (0, 1)}


def _highest_sinus(channels: Channels, state: Pressures, sinus: Mask) -> float:
    nodes = np.unique(channels.tubes[sinus])
    return float(np.nanmax(state.pressure[:, nodes], initial=0.0)) if len(nodes) else 0.0


def worst_rise(rise: float, lost: float, terms: AllocationTerms) -> float:
    """Blood without any way out counts as a rise to the limit at least."""
    return max(rise, terms.limit) if lost > 1e-6 else rise


def infarct_risk(rise: float, terms: AllocationTerms) -> Measured:
    """Risk of a venous infarct after a rise in mmHg, 0..1: elicited, low confidence.

    Logistic in the rise: at none the share of veins injured times the share of those that
    infarct, at the significant gradient the latter alone.
    """
    injury, after = terms.measured("infarct-injury"), terms.measured("infarct-after-injury")
    ends = [
        _logistic(rise / terms.limit, i * a, a)
        for i, a in (
            (injury.value, after.value),
            (injury.low, after.low),
            (injury.high, after.high),
        )
    ]
    return Measured(value=ends[0], low=min(ends), high=max(ends), unit="1")


def _logistic(along: float, start: float, end: float) -> float:
    one, two = (float(np.log(p / (1.0 - p))) for p in (start, end))
    return float(1.0 / (1.0 + np.exp(-(one + along * (two - one)))))


def _stop(
    channels: Channels,
    total: list[float],
    highest: float,
    lost: list[float],
    terms: AllocationTerms,
) -> str:
    """Why to release the clamp and not to go on, both twins by letter; "" for no reason."""
    upper = terms.physiology.number("sinus-pressure-upper")
    reasons = []
    for place in sorted((0, 1), key=lambda p: channels.twins[p]):
        twin = channels.twins[place]
        if lost[place] > 1e-6:
            reasons.append(f"{lost[place]:.0f} ml/min of twin {twin}'s blood would have no way out")
        if total[place] >= terms.limit:
            reasons.append(
                f"twin {twin}'s pressure would rise by {total[place]:.0f} mmHg,"
                f" {terms.limit:g} or more is significant"
            )
    if highest >= upper.low:
        reasons.append(
            f"a sinus would reach {highest:.0f} mmHg, {upper.low:g} to {upper.high:g} is the limit"
        )
    return "; ".join(reasons)


def _changes(
    channels: Channels, before: Pressures, after: Pressures, tube: int
) -> tuple[FlowChange, ...]:
    """The tubes, but the clamped one, whose flow changes most."""
    count = len(channels.tubes)
    change: FloatArray = np.abs(after.flow[:count] - before.flow[:count])
    change[tube] = 0.0
    most = sorted(range(count), key=lambda n: (-round(float(change[n]), 6), n))[:CHANGES]
    return tuple(
        FlowChange(
            vessel=channels.vessels[n],
            before=MillilitrePerMinute(round(float(before.flow[n]), 6)),
            after=MillilitrePerMinute(round(float(after.flow[n]), 6)),
        )
        for n in most
        if change[n] > 1e-6
    )
