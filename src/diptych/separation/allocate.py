"""Who keeps each shared and each severed vessel, with proof, ties, clamps, options and stages.

The worse-off twin's drained part of its own blood is made as large as can be, then the sum of
both in ml/min. The part of the own need, and not ml/min, is compared, because the same ml/min
that is enough for a small twin may starve a large one. Equal choices go back to the natural
keeper: an own vessel's owner, else the twin with more of its blood in the vessel.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from diptych.model import (
    AllocationProof,
    ClampStep,
    Crossing,
    Measured,
    MillilitrePerMinute,
    Millimetre,
    MillimetreOfMercury,
    TwinDrainage,
    TwinId,
    VeinAllocation,
    VesselId,
    VesselNetwork,
)
from diptych.separation.channels import SHARED, Channels, IntArray, Mask, read_channels
from diptych.separation.clamps import (
    Clamping,
    describe_clamps,
    gradient_of,
    infarct_risk,
    order_clamps,
    rise_of,
    worst_rise,
)
from diptych.separation.demands import fix_keepers, is_only_outlet, refuse_narrow
from diptych.separation.drainage import Severed, trace_blood
from diptych.separation.drained import drain_twin, flow_excess, shares_drained
from diptych.separation.joint import Joint, Pressures, drain_joint, join, solve_pressures
from diptych.separation.keepers import Choice, Search, choose_keepers, total_of, worth
from diptych.separation.losses import Losses, find_losses
from diptych.separation.options import Ground, split_tubes, weigh_options
from diptych.separation.stages import Theatre, compare_stagings
from diptych.separation.terms import AllocationTerms, Wishes
from diptych.separation.ties import Quest, list_ties, prefer_natural
from diptych.tables import SourcedTable

DEFAULT_SEARCH = Search()
BALANCED = Wishes()
EXCESS = 1e-4
"""mmHg over the limit that is taken as rounding."""
PROVEN = 1e-4
"""Gap, as part of the need, that counts as closed."""
_UNTESTED = "; no test clamp, for it stays whole and closing it would change no pressure"
EVEN = 0.05
"""Shares of blood closer to one half than this are even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Crossings in test-clamp order, the whole allocation, and notes for the plan."""

    crossings: tuple[Crossing, ...]
    veins: VeinAllocation | None
    notes: tuple[str, ...]


def allocate_vessels(
    severed: Sequence[Severed],
    network: VesselNetwork,
    *,
    tables: Mapping[str, SourcedTable],
    wishes: Wishes = BALANCED,
    search: Search = DEFAULT_SEARCH,
) -> Allocation:
    """A keeper for every vessel that both twins share or that the cut severs.

    tables : must hold "allocation" and "physiology"
    Raises InputError for a demand on a vessel that is not there, and Infeasible (exit code 4),
    with the conflicting demands by name, when the demands cannot all be met.
    """
    work = _settle(severed, network, AllocationTerms.read(tables), wishes, search)
    if work is None:
        return Allocation(crossings=(), veins=None, notes=())
    losses = find_losses(work.channels, work.keepers, work.blood)
    work = replace(work, clamping=order_clamps(work.channels, work.keepers, losses))
    veins = _describe(work)
    return Allocation(
        crossings=_crossings(work, veins.clamps, severed),
        veins=veins,
        notes=_notes(work, veins, severed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an allocation comes to, without its clamps, ties, options and stages.

    keepers : of each severed vessel and each that both could keep
    drained : part of each twin's need, 0..1
    infarct : risk of a venous infarct of each twin once all are divided, 0..1, low confidence
    """

    keepers: Mapping[VesselId, TwinId]
    drained: Mapping[TwinId, float]
    infarct: Mapping[TwinId, Measured]


def judge_vessels(
    severed: Sequence[Severed],
    network: VesselNetwork,
    *,
    tables: Mapping[str, SourcedTable],
    wishes: Wishes = BALANCED,
    search: Search = DEFAULT_SEARCH,
) -> Judgement:
    """The keepers that `allocate_vessels` finds, and what both twins drain with them.

    Raises as `allocate_vessels` does.
    """
    terms = AllocationTerms.read(tables)
    work = _settle(severed, network, terms, wishes, search)
    if work is None:
        return Judgement(keepers={}, drained={}, infarct={})
    channels, keepers, places = work.channels, work.keepers, (0, 1)
    start, end = (solve_pressures(join(channels, keepers, done)) for done in _undivided(channels))
    lost = [end.cut_off[place] - start.cut_off[place] for place in places]
    rise = [rise_of(channels, place, start, end) for place in places]
    return Judgement(
        keepers={vessel: _keeper(work, vessel) for vessel in sorted(_given_out(work, severed))},
        drained={channels.twins[p]: round(work.choice.shares[p], 9) for p in places},
        infarct={
            channels.twins[p]: infarct_risk(worst_rise(rise[p], lost[p], terms), terms)
            for p in places
        },
    )


def _given_out(work: "_Work", severed: Sequence[Severed]) -> set[VesselId]:
    """Vessels that both could keep, and those that the cut severs."""
    either = {work.channels.vessels[tube] for tube in np.flatnonzero(work.channels.open).tolist()}
    return either | {entry.vessel.id for entry in severed}


def _undivided(channels: Channels) -> tuple[Mask, Mask]:
    """Tubes divided before the first clamp (none) and after the last (all that are open)."""
    return np.zeros(len(channels.tubes), dtype=np.bool_), channels.open.copy()


def _settle(
    severed: Sequence[Severed],
    network: VesselNetwork,
    terms: AllocationTerms,
    wishes: Wishes,
    search: Search,
) -> "_Work | None":
    """The keepers; None where nothing has to be given out."""
    crossed = {entry.vessel.id for entry in severed}
    whole = read_channels(network, crossed, viscosity=terms.viscosity, limit=terms.limit)
    if not whole.open.any():
        return None
    refuse_narrow(network, wishes.split, terms.value("split-least-calibre"))
    split = [whole.number(vessel) for vessel in dict.fromkeys(wishes.split)]
    channels = split_tubes(whole, split, terms.value("split-conductance"))
    demands = [d for d in wishes.keep if d[0] not in wishes.split]
    fixed = fix_keepers(channels, network, demands, crossed)
    quest = Quest(
        channels=channels, fixed=fixed, weights=_weights(channels, wishes, terms), search=search
    )
    found = choose_keepers(channels, fixed, weights=quest.weights, search=search)
    blood = trace_blood(network)
    keepers = prefer_natural(quest, found, _natural(channels, blood, wishes))
    return _Work(
        network=network,
        whole=whole,
        quest=quest,
        choice=replace(found, keepers=keepers, shares=shares_drained(channels, keepers)),
        clamping=Clamping(order=(), states=(), losses=_nobody(channels)),
        terms=terms,
        wishes=wishes,
        blood=blood,
    )


def _nobody(channels: Channels) -> Losses:
    """No tube lost to anybody, before it is known who keeps what."""
    none = np.zeros((2, len(channels.tubes)), dtype=np.bool_)
    return Losses(lost=none, blind=none[0], whole=none[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Work:
    """All that is known once the keepers are chosen.

    whole : before anything is split; blood : twin A's share of what flows in each vessel
    clamping : empty until the clamps are put in order
    """

    network: VesselNetwork
    whole: Channels
    quest: Quest
    choice: Choice
    clamping: Clamping
    terms: AllocationTerms
    wishes: Wishes
    blood: Mapping[VesselId, float]

    @property
    def channels(self) -> Channels:
        return self.quest.channels

    @property
    def keepers(self) -> IntArray:
        return self.choice.keepers


def _weights(channels: Channels, wishes: Wishes, terms: AllocationTerms) -> tuple[float, float]:
    weight = terms.value("favoured-weight") if wishes.weight is None else wishes.weight
    first, second = (weight if twin is wishes.favoured else 1.0 for twin in channels.twins)
    return first, second


def _natural(channels: Channels, blood: Mapping[VesselId, float], wishes: Wishes) -> dict[int, int]:
    """Place that each open tube goes to when both are as good; blood: twin A's share."""
    found = {}
    for tube in np.flatnonzero(channels.open).tolist():
        share = blood[channels.vessels[tube]]
        if channels.owner[tube] != SHARED:
            found[tube] = int(channels.owner[tube])
        elif abs(share - 0.5) > EVEN:
            found[tube] = channels.place(TwinId.A if share > 0.5 else TwinId.B)
        elif wishes.favoured is not None:
            found[tube] = channels.place(wishes.favoured)
    return found


def _describe(work: _Work) -> VeinAllocation:
    channels, keepers, terms = work.channels, work.keepers, work.terms
    open_tubes = np.flatnonzero(channels.open).tolist()
    kinds = {vessel.id: vessel.kind for vessel in work.network.vessels}
    sinus = np.array([kinds[vessel] == "sinus" for vessel in channels.vessels])
    position = np.array([node.position for node in work.network.nodes])
    drained = [drain_twin(channels, p, channels.kept(keepers, p)).total for p in (0, 1)]
    ground = Ground(
        channels=channels,
        keepers=keepers,
        losses=work.clamping.losses,
        network=work.network,
        terms=terms,
        drained=(drained[0], drained[1]),
    )
    tolerance, start = terms.value("tie-tolerance"), _before(work)
    clamps = describe_clamps(channels, keepers, work.clamping, sinus, terms)
    theatre = Theatre(
        channels=channels, keepers=keepers, clamping=work.clamping, position=position, terms=terms
    )
    return VeinAllocation(
        keepers={channels.vessels[t]: channels.twins[int(keepers[t])] for t in open_tubes},
        before=_drainage(work, drain_joint(start), solve_pressures(start)),
        after=_drainage(work, ground.drained, work.clamping.states[-1]),
        proof=_proof(work),
        ties=list_ties(work.quest, work.choice, tolerance),
        options=weigh_options(ground, least=tolerance * sum(map(channels.need, (0, 1)))),
        clamps=clamps,
        stagings=compare_stagings(theatre),
        stop_rules=terms.stop_rules(),
        sources=terms.sources(),
        notes=(*_doubts(work), *_tell_untested(work, clamps)),
    )


def _before(work: _Work) -> Joint:
    """The drainage as it is, nothing divided."""
    nothing = np.zeros(len(work.whole.tubes), dtype=np.bool_)
    return join(work.whole, work.whole.owner, nothing)


def _drainage(
    work: _Work, drained: tuple[float, float], state: Pressures
) -> dict[TwinId, TwinDrainage]:
    channels = work.channels
    return {
        channels.twins[place]: TwinDrainage(
            need=MillilitrePerMinute(round(channels.need(place), 6)),
            drained=MillilitrePerMinute(round(drained[place], 6)),
            share=round(drained[place] / need, 9) if (need := channels.need(place)) else 1.0,
            gradient=MillimetreOfMercury(round(gradient_of(channels, place, state), 6)),
            cut_off=MillilitrePerMinute(round(state.cut_off[place], 6)),
        )
        for place in (0, 1)
    }


def _proof(work: _Work) -> AllocationProof:
    """The bounds, and the check by the other program and by the flow solver."""
    channels, choice = work.channels, work.choice
    value = worth(channels, choice.keepers, work.quest.weights)
    total = total_of(channels, choice.keepers)
    whole = max(channels.need(0) + channels.need(1), 1e-12)
    excess = max(
        flow_excess(channels, p, kept, drain_twin(channels, p, kept))
        for p in (0, 1)
        for kept in [channels.kept(choice.keepers, p)]
    )
    gaps = (choice.bound - value, (choice.total_bound - total) / whole)
    proven = max(gaps) <= PROVEN and excess <= EXCESS
    told = "proven" if proven else "not proven"
    return AllocationProof(
        value=round(value, 9),
        bound=round(choice.bound, 9),
        total=MillilitrePerMinute(round(total, 6)),
        total_bound=MillilitrePerMinute(round(choice.total_bound, 6)),
        excess=MillimetreOfMercury(round(max(excess, 0.0), 6)),
        tolerance=work.terms.value("tie-tolerance"),
        proven=proven,
        method="HiGHS branch and cut (scipy.optimize.milp), checked by a linear program for each"
        " twin and by the flow solver",
        statement=f"{told}: the worse-off twin drains {value:.1%}, no choice exceeds"
        f" {choice.bound:.1%}; both together {total:.0f} ml/min, no such choice exceeds"
        f" {choice.total_bound:.0f}",
    )


def _crossings(
    work: _Work, clamps: Sequence[ClampStep], severed: Sequence[Severed]
) -> tuple[Crossing, ...]:
    """The severed vessels with the numbers of their clamps; then those without one, split last."""
    channels = work.channels
    number = {step.vessel: step.order for step in clamps}
    rank = {channels.vessels[tube]: n for n, tube in enumerate(work.clamping.order)}
    tested = set(number)
    for entry in sorted(severed, key=lambda s: rank.get(s.vessel.id, len(rank))):
        number.setdefault(entry.vessel.id, len(number) + 1)
    ordered = sorted(severed, key=lambda s: number[s.vessel.id])
    return tuple(_crossing(work, number[entry.vessel.id], entry, tested) for entry in ordered)


def _crossing(work: _Work, order: int, entry: Severed, tested: Collection[VesselId]) -> Crossing:
    tube = work.channels.number(entry.vessel.id)
    untested = work.channels.open[tube] and entry.vessel.id not in tested
    return Crossing(
        order=order,
        vessel=entry.vessel.id,
        name=entry.vessel.name,
        kind=entry.vessel.kind,
        owner=entry.vessel.owner,
        position=entry.position,
        calibre=Millimetre(entry.calibre),
        flow=MillilitrePerMinute(entry.flow),
        keeper=_keeper(work, entry.vessel.id),
        rule=_rule(work, tube) + (_UNTESTED if untested else ""),
    )


def _keeper(work: _Work, vessel: VesselId) -> TwinId:
    """Who keeps an open vessel; of one that is split, who is shown with it."""
    tube = work.channels.number(vessel)
    place = int(work.keepers[tube]) if work.channels.open[tube] else _wider(work, tube)
    return work.channels.twins[place]


def _wider(work: _Work, tube: int) -> int:
    """Of a split vessel: the twin with more of its blood in it."""
    share = work.blood[work.channels.vessels[tube]]
    return work.channels.place(TwinId.A) if share > 0.5 else work.channels.place(TwinId.B)


def _rule(work: _Work, tube: int) -> str:
    """Why a vessel goes to its keeper, in words."""
    channels, vessel = work.channels, work.channels.vessels[tube]
    if not channels.open[tube]:
        return (
            "divided lengthwise between both twins, as demanded; shown with the one whose"
            " blood it carries more of"
        )
    place = int(work.keepers[tube])
    twin, own = channels.twins[place], channels.owner[tube] == place
    if (vessel, twin) in work.wishes.keep:
        return f"twin {twin} must keep it, as demanded"
    if work.clamping.losses.blind[tube]:
        part = 100.0 * _part(work, vessel, twin)
        return (
            "can serve neither twin once they are apart; left to twin"
            f" {twin}, whose blood is {part:.0f} % of what flowed in it"
        )
    if own and is_only_outlet(channels, tube, place):
        return f"it is twin {twin}'s own and only way out"
    if own:
        return f"it is twin {twin}'s own, and the owner keeps it"
    return _compare(work, tube, twin)


def _compare(work: _Work, tube: int, twin: TwinId) -> str:
    """What both twins would drain if this vessel alone changed hands."""
    changed = work.keepers.copy()
    changed[tube] = 1 - changed[tube]
    here, there = work.choice.shares, shares_drained(work.channels, changed)
    loss = max(here[p] - there[p] for p in (0, 1))
    order = sorted((0, 1), key=lambda p: work.channels.twins[p])
    words = " and ".join(f"{there[p]:.0%} of twin {work.channels.twins[p]}'s" for p in order)
    now = " and ".join(f"{here[p]:.0%}" for p in order)
    kind = "shared" if work.channels.owner[tube] == SHARED else f"twin {twin.other}'s own"
    if loss <= work.terms.value("tie-tolerance"):
        part = _part(work, work.channels.vessels[tube], twin)
        return (
            f"{kind}; kept by twin {twin}, whose blood is {100.0 * part:.0f} % of what flows in it;"
            " the other choice is as good for both"
        )
    return f"{kind}; with twin {twin.other} {words} blood would drain, now {now}"


def _part(work: _Work, vessel: VesselId, twin: TwinId) -> float:
    """Share of the twin's blood in what flows in a vessel, 0..1."""
    share = work.blood[vessel]
    return share if twin is TwinId.A else 1.0 - share


def _doubts(work: _Work) -> tuple[str, ...]:
    notes = [
        "limits of pressure are those of adults; none are published for infants",
        "vessels are taken as rigid round tubes; veins too thin to be seen are left out, so real"
        " drainage may be better than said",
    ]
    channels = work.channels
    for place in sorted((0, 1), key=lambda p: channels.twins[p]):
        if channels.need(place) == 0.0:
            notes.append(f"no blood of twin {channels.twins[place]} enters the vessels seen")
    return tuple(notes)


def _tell_untested(work: _Work, clamps: Sequence[ClampStep]) -> tuple[str, ...]:
    vessels = [work.channels.vessels[tube] for tube in work.clamping.order]
    tested = {step.vessel for step in clamps}
    whole = sorted(vessel for vessel in vessels if vessel not in tested)
    if not whole:
        return ()
    return (
        f"no test clamp is listed for {', '.join(whole)}: each stays whole with its owner, carries"
        " none of the other twin's blood, and closing it would change no pressure; what joins it"
        " from the other twin is still clipped",
    )


def _notes(work: _Work, veins: VeinAllocation, severed: Sequence[Severed]) -> tuple[str, ...]:
    """What the plan says beside its crossings: proof, ties, vessels met several times."""
    named = {vessel.id: f"{vessel.name} ({vessel.id})" for vessel in work.network.vessels}
    notes = [f"allocation {veins.proof.statement}"]
    for tie in veins.ties:
        with_them = f", together with {', '.join(tie.along)}" if tie.along else ""
        if tie.certain:
            notes.append(
                f"{named[tie.vessel]} could go to twin {tie.keeper.other}{with_them} at no loss"
            )
        else:
            notes.append(
                f"{named[tie.vessel]}: whether twin {tie.keeper.other} could have it at no loss"
                " was not decided in time"
            )
    notes += [
        f"{named[entry.vessel.id]} meets the cut {entry.times} times; the clearest crossing"
        " is shown"
        for entry in severed
        if entry.times > 1
    ]
    return tuple(notes)
