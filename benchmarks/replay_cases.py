"""Published pairs that a replay is possible for: what is known, what had to be assumed, what was
done, and what is asked of the plan. Twin A and B are letters of the replay, not the patients'.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from replay_networks import (
    RING,
    Values,
    arrange_mouths,
    crossed_halves,
    is_crosswise,
    key_sinus,
    narrow_middle,
    part_across,
    ring_sinus,
    shared_torcula,
)
from replay_plan import (
    Plan,
    count_arcs,
    drained_by,
    emergency_minutes,
    flow_through,
    keep,
    restage,
    worst_share,
)

from diptych.model import TwinId, VesselNetwork

A, B = TwinId.A, TwinId.B
WHOLE = 0.995
"""A twin drains all its blood: within the tolerance of ties."""
CBF = (
    "physiology row cbf-one-year (Varela 2012); that it holds at the age of these children:"
    " assumption"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a publication says."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What had to be assumed, and over which range it is varied; whole: drawn as an integer."""

    key: str
    low: float
    high: float
    unit: str
    why: str
    whole: bool = False


Answers = Mapping[str, float | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One published pair. `judge` answers the questions of one draw.

    fits : whether a network agrees with what is known; draws that do not are drawn again
    """

    key: str
    title: str
    known: tuple[Fact, ...]
    assumed: tuple[Assumed, ...]
    build: Callable[[Values], VesselNetwork]
    judge: Callable[[Values, VesselNetwork, Plan], Answers]
    done: str
    fits: Callable[[VesselNetwork], bool] = lambda _network: True


def assume(key, low, high, unit, why, *, whole=False):
    return Assumed(key=key, low=low, high=high, unit=unit, why=f"assumption: {why}", whole=whole)


def blood(brain_low, brain_high):
    return (
        assume("brain", brain_low, brain_high, "ml", "volume of one brain at that age"),
        Assumed(key="flow", low=50.0, high=70.0, unit="ml/100 ml/min", why=CBF),
    )


# London 2019


def judge_key(values, network, plan):
    done = keep(network, {"key": A})
    loser = plan.keepers["key"].other
    lacks = 1.0 - plan.share[loser]
    gains = [o.gain[loser] / plan.need[loser] for o in plan.veins.options if o.twin is loser]
    narrower = A if values["other-A"] < values["other-B"] else B
    return {
        "the sinus goes to the twin that it was given to": plan.keepers["key"] is A,
        "it goes to the twin whose other way out is narrower": plan.keepers["key"] is narrower,
        "no choice drains all blood of both": worst_share(plan) < WHOLE,
        "as proposed: share of its blood that the worse-off twin drains, %": 100
        * worst_share(plan),
        "as done: share that the worse-off twin drains, %": 100 * worst_share(done),
        "as done: share that the twin without the sinus drains, %": 100 * done.share[B],
        "as done: the test clamp is predicted to be one to stop at": done.stops > 0,
        "an option is listed that would give the twin without it half of what lacks, or more": (
            lacks > 1.0 - WHOLE and max(gains, default=0.0) >= lacks / 2.0
        ),
    }


LONDON_2019 = Replay(
    key="london-2019",
    title="London 2019: one key vein, two children",
    known=(
        Fact(
            text="shared veins; key vessels were given to one twin, the weaker, in theatre; the"
            " other had a stroke within 12 hours",
            source="BBC, The battle to separate Safa and Marwa; rtlnieuws 4782121;"
            " newser.com/story/297638",
        ),
        Fact(
            text="operations in October, one month later and in February; a plastic sheet between"
            " the brains",
            source="BBC, The battle to separate Safa and Marwa",
        ),
    ),
    assumed=(
        *blood(900.0, 1200.0),
        assume("key", 2.5, 5.0, "mm", "calibre of the shared sinus; one stands for 'key vessels'"),
        assume("key-length", 40.0, 150.0, "mm", "its length"),
        assume("other-A", 1.0, 4.0, "mm", "all other ways out of twin A as one tube of 120 mm"),
        assume("other-B", 1.0, 4.0, "mm", "the same of twin B"),
    ),
    build=key_sinus,
    judge=judge_key,
    done="given whole to one twin (A here)",
)


# London 2011


def cross_back(network):
    """The plan with every crossing vein left to the twin that its blood goes to."""
    across = [v.id for v in network.vessels if v.id.startswith("across")]
    return keep(network, {vessel: A if vessel.startswith("across-B") else B for vessel in across})


def judge_one_crossed(values, network, plan):
    staged, need = restage(network, plan, 6.0), plan.need[B]
    other = cross_back(network)
    again = restage(network, other, 6.0)
    return {
        "blood of twin B's brain that crosses before, %": 50 * part_across(network, B),
        "the choice of keepers changes what either twin drains": not plan.all_ties,
        "twin B drains all its blood by its own ways, nothing grown": plan.share[B] >= WHOLE,
        "share of its blood that twin B drains then, %": 100 * plan.share[B],
        "a test clamp is predicted to be one to stop at": plan.stops > 0,
        "three operations: largest part of the shared flow divided at once, %": (
            100 * max(s.flow_share for s in staged[2].stages)
        ),
        "three operations six weeks apart: worst moment, share of twin B, %": (
            100 * staged[2].drained[B].value / need
        ),
        "the same, crossing veins left to twin A: worst moment, share of twin B, %": (
            100 * again[2].drained[B].value / need
        ),
    }


LONDON_2011 = Replay(
    key="london-2011",
    title="London 2011: one heart for a brain and a half",
    known=(
        Fact(
            text="twin A supplied half of twin B's brain with blood and drained most of it back;"
            " its heart was failing",
            source="independent.co.uk 2357094",
        ),
        Fact(
            text="two operations in May, expanders in July, separation on 15 August 2011; both"
            " reacted afterwards as before",
            source="independent.co.uk 2357094; 6abc.com/archive/8359149",
        ),
    ),
    assumed=(
        *blood(700.0, 950.0),
        assume("across", 1.5, 5.0, "mm", "all veins that cross, as one"),
        assume("bridges", 3, 8, "veins", "how many veins cross", whole=True),
        assume("uneven", 1.0, 4.0, "1", "flow of the widest over that of the thinnest, nearly"),
        assume("bridge-length", 30.0, 80.0, "mm", "their length"),
        assume("own", 1.0, 4.0, "mm", "the half's own way out, 80 mm long"),
        assume("link", 0.5, 2.5, "mm", "veins that join both halves of one brain, as one"),
    ),
    build=lambda values: crossed_halves({**values, "crossed-A": 0.0, "crossed-B": 1.0}),
    fits=lambda network: 0.5 < part_across(network, B) <= 1.0,
    judge=judge_one_crossed,
    done="all crossing vessels divided, over three operations at most",
)


# Dallas 2003


def judge_both_crossed(values, network, plan):
    lacks = [plan.share[twin] < WHOLE for twin in TwinId]
    other = cross_back(network)
    return {
        "the choice of keepers changes what either twin drains": not plan.all_ties,
        "a twin lacks drainage after one operation, nothing grown": any(lacks),
        "share of its blood that the worse-off twin drains, %": 100 * worst_share(plan),
        "a test clamp is predicted to be one to stop at": plan.stops > 0,
        "a bypass, graft or split is listed": bool(plan.veins.options),
        "the same, crossing veins left to the twin that they lead to": bool(other.veins.options),
        "largest gain of one then, % of the twin's blood (0: none)": 100
        * max((o.gain[o.twin] / plan.need[o.twin] for o in other.veins.options), default=0.0),
    }


DALLAS = Replay(
    key="dallas-2003",
    title="Dallas 2003: crossed drainage",
    known=(
        Fact(
            text="each left hemisphere drained most of its blood to the other's right jugular;"
            " separate brains, each with schizencephaly",
            source="Swift 2004, doi:10.1007/s00381-004-1011-6",
        ),
        Fact(
            text="one operation at 28 months; no dural sinus was rebuilt; afterwards each had an"
            " incomplete right hemiparesis",
            source="Swift 2004, doi:10.1007/s00381-004-1011-6",
        ),
    ),
    assumed=(
        *blood(900.0, 1200.0),
        assume("across", 1.5, 5.0, "mm", "all veins that cross from each left half, as one"),
        assume("bridges", 1, 4, "veins", "how many cross from each", whole=True),
        assume("uneven", 1.0, 4.0, "1", "flow of the widest over that of the thinnest, nearly"),
        assume("bridge-length", 30.0, 80.0, "mm", "their length"),
        assume("own", 1.0, 4.0, "mm", "each left half's own way out, 80 mm long"),
        assume("link", 0.5, 2.5, "mm", "veins that join both halves of one brain, as one"),
    ),
    build=lambda values: crossed_halves({**values, "crossed-A": 1.0, "crossed-B": 1.0}),
    fits=lambda network: all(0.5 < part_across(network, t) <= 1.0 for t in TwinId),
    judge=judge_both_crossed,
    done="all crossing vessels divided in one operation, nothing rebuilt",
)


# Rings


def ring_assumptions(rotation):
    return (
        *blood(900.0, 1200.0),
        *rotation,
        assume("radius", 25.0, 45.0, "mm", "of the ring; eight junctions in any case"),
        assume("wide", 3.0, 5.0, "mm", "calibre of the ring, each piece varied by a fifth"),
        assume("vein", 2.0, 3.0, "mm", "bridging veins, four of each twin, each for several"),
        assume("link", 0.5, 2.5, "mm", "veins on the brain that join neighbouring ones"),
        assume("superficial", 0.4, 0.6, "1", "part of the blood that enters the ring"),
        assume("outlet", 3.5, 5.0, "mm", "from the ring to each torcula, and transverse sinuses"),
        *(
            assume(f"jitter-{n}", -1.0, 1.0, "1", f"calibre of piece {n} beside the others")
            for n in range(RING)
        ),
    )


def judge_delhi(values, network, plan):
    worse = min(TwinId, key=lambda t: plan.share[t])
    gains = [o.gain[o.twin] for o in plan.veins.options if o.kind in ("graft", "bypass")]
    for_worse = [o.gain[worse] for o in plan.veins.options if o.twin is worse and o.kind != "split"]
    staged = restage(network, plan, 58 / 7)
    _, mode, high = emergency_minutes(network, plan, staged[1].stages[1].vessels)
    return {
        "no choice drains all blood of both": worst_share(plan) < WHOLE,
        "share of its blood that the worse-off twin drains, %": 100 * worst_share(plan),
        "a graft or bypass is listed as an option": bool(gains),
        "one is listed for the worse-off twin": worst_share(plan) < WHOLE and bool(for_worse),
        "the largest gain of one for that twin, % of its blood (0: none)": (
            100 * max(for_worse, default=0.0) / plan.need[worse]
        ),
        "two stages: larger part of the shared flow divided at once, %": (
            100 * max(s.flow_share for s in staged[1].stages)
        ),
        "one operation: worst moment, worse-off share, %": 100 * drained_by(staged[0], plan),
        "two, 58 days apart: worst moment, worse-off share, %": 100 * drained_by(staged[1], plan),
        "one twin dying before the last stage: minutes until the other is free": mode,
        "the same at the longest": high,
    }


DELHI = Replay(
    key="delhi-2017",
    title="Delhi 2017: a ring, a venous bypass, an early end",
    known=(
        Fact(
            text="total vertical type III (turned by 40 to 140 degrees), shared circumferential"
            " sinus with left-sided dominance",
            source="Gupta 2022, doi:10.1227/neu.0000000000001962",
        ),
        Fact(
            text="first stage: a venous conduit past part of the ring, made on one twin, and part"
            " of the hemispheres parted",
            source="Gupta 2022, doi:10.1227/neu.0000000000001962; medlarge.com (AIIMS)",
        ),
        Fact(
            text="six weeks later the graft was blocked and the other twin's heart overloaded;"
            " final separation as an emergency, 58 days after the first stage, 16 to 21 hours",
            source="Gupta 2022, doi:10.1227/neu.0000000000001962; telegraphindia 181314;"
            " indianexpress 4818388, 4820107",
        ),
    ),
    assumed=(
        *ring_assumptions(
            (
                Assumed(
                    key="rotation",
                    low=40.0,
                    high=140.0,
                    unit="degrees",
                    why="type III (doi:10.1093/brain/awl065); which angle: assumption",
                ),
            )
        ),
        assume("narrower", 0.4, 0.9, "1", "the weaker half of the ring beside the dominant one"),
    ),
    build=lambda values: ring_sinus({**values, "common": 0.0}),
    judge=judge_delhi,
    done="bypass at stage 1 of 2; the second stage 58 days later, brought forward",
)


def judge_ribeirao(values, network, plan):
    staged = restage(network, plan, 52 / 3)
    four = staged[3]
    shares = [s.flow_share for s in four.stages]
    counts = [len(s.vessels) / RING for s in four.stages]
    return {
        "four stages: largest part of the shared flow divided at once, %": 100 * max(shares),
        "four stages: smallest part divided at once, %": 100 * min(shares),
        "no stage divides more than half of the flow": max(shares) <= 0.5,
        "no stage divides more than a third of the flow": max(shares) <= 1 / 3,
        "largest part of the vessels (by number) at one stage, %": 100 * max(counts),
        "one operation: worst moment, worse-off share, %": 100 * drained_by(staged[0], plan),
        "four: worst moment, worse-off share, %": 100 * drained_by(four, plan),
        "four: the same, collaterals slow (8 weeks), %": 100 * drained_by(four, plan, "low"),
    }


RIBEIRAO = Replay(
    key="ribeirao-2023",
    title="Ribeirão Preto 2022-23: a quarter at each stage",
    known=(
        Fact(
            text="four operations at 0, 3, 7 and 12 months; three quarters of the shared vessels"
            " parted in the first three, the last quarter in the fourth",
            source="folha.uol.com.br (2023); itatiaia.com.br 2023-08-20; acessa.com 187549",
        ),
        Fact(
            text="the fourth, 25 hours, was put off from July to August for fever (dengue was"
            " suspected)",
            source="folha.uol.com.br (2023); milnoticias.com.br 2023-08-20",
        ),
        Fact(
            text="two expanders of 530 and 670 ml before the last operation",
            source="milnoticias.com.br 2023-08-20",
        ),
    ),
    assumed=(
        *ring_assumptions((assume("rotation", 0.0, 180.0, "degrees", "not published"),)),
        assume("narrower", 0.4, 1.0, "1", "one half of the ring beside the other"),
    ),
    build=lambda values: ring_sinus({**values, "common": 0.0}),
    judge=judge_ribeirao,
    done="about 25 % of the vessels at each of four stages",
)


def judge_costa_rica(values, network, plan):
    kept = sum(twin is A for twin in plan.keepers.values())
    shares = [plan.share[t] for t in TwinId]
    return {
        "no choice drains all blood of both": worst_share(plan) < WHOLE,
        "share of its blood that the worse-off twin drains, %": 100 * worst_share(plan),
        "difference between both twins' shares, points": 100 * abs(shares[0] - shares[1]),
        "pieces of the ring (of 8) kept by the twin that keeps fewer": min(kept, RING - kept),
        "the ring goes to one twin whole": kept in (0, RING),
        "each twin keeps one unbroken arc": count_arcs(plan) <= 2,
        "a test clamp is predicted to be one to stop at": plan.stops > 0,
    }


COSTA_RICA = Replay(
    key="costa-rica-2018",
    title="Costa Rica 2018: ring and common torcula, one operation",
    known=(
        Fact(
            text="total vertical type I; a circumferential sinus, a common torcula and many"
            " secondary veins; one operation, structures distributed equitably; both alive a year"
            " later",
            source="Segura Valverde 2020, doi:10.19080/OAJNN.2020.14.555887",
        ),
        Fact(
            text="crises from 18:00 on, two arrests in one twin, back in theatre the next night",
            source="teletica.com 187076, 187097",
        ),
    ),
    assumed=(
        *ring_assumptions(()),
        assume("narrower", 0.4, 1.0, "1", "one half of the ring beside the other"),
    ),
    build=lambda values: ring_sinus({**values, "common": 1.0, "rotation": 0.0}),
    judge=judge_costa_rica,
    done="ring and torcula divided in one operation, 'equitably'; who got what is not published"
    " in what was read",
)


# Rome 2020


def judge_rome(values, network, plan):
    crosswise = is_crosswise(arrange_mouths(round(values["order"])))
    left = all(
        flow_through(plan, f"transverse-left-{t}") > flow_through(plan, f"transverse-right-{t}")
        for t in TwinId
    )
    staged = restage(network, plan, 26.0)
    whole = worst_share(plan) >= WHOLE
    nothing = float("nan")
    return {
        "each sagittal sinus leaves mainly by its own twin's left transverse sinus": left,
        "the same, where both ways do not cross": nothing if crosswise else left,
        "the same, where they cross": left if crosswise else nothing,
        "both drain all their blood": whole,
        "both do, where both ways do not cross": nothing if crosswise else whole,
        "both do, where they cross": whole if crosswise else nothing,
        "three stages: largest part of the shared flow divided at once, %": (
            100 * max(s.flow_share for s in staged[2].stages)
        ),
    }


ROME = Replay(
    key="rome-2020",
    title="Rome 2020: one torcula, two left transverse sinuses",
    known=(
        Fact(
            text="total angular; brains and arteries separate; each sagittal sinus drained through"
            " a shared torcula mainly to the transverse sinus on that twin's left, and the"
            " transverse sinuses were parted accordingly",
            source="doi:10.23736/S0390-5616.21.05633-2",
        ),
        Fact(
            text="three operations over one year; excellent outcome of both",
            source="doi:10.23736/S0390-5616.21.05633-2",
        ),
    ),
    assumed=(
        *blood(900.0, 1200.0),
        assume("order", 0, 119, "of 120", "order of the six mouths around the torcula", whole=True),
        assume("torcula", 5.0, 15.0, "mm", "its radius, as a ring"),
        assume("pool", 2.5, 5.0, "mm", "calibre of that ring"),
        assume("left", 3.5, 5.0, "mm", "left transverse sinuses ('mainly')"),
        assume("right", 1.0, 3.0, "mm", "right transverse sinuses"),
    ),
    build=shared_torcula,
    judge=judge_rome,
    done="each twin kept its left transverse sinus; three operations",
)


# Medunsa 1997


def judge_medunsa(values, network, plan):
    order = [step.vessel for step in plan.veins.clamps]
    halves = plan.keepers["end-A"] is A and plan.keepers["end-B"] is B
    return {
        "each twin keeps its own end, the change lies in the narrow middle": halves,
        "the middle piece could go to either twin at no loss": "middle" in plan.tied,
        "the middle piece is the first to be test-clamped": order[0] == "middle",
        "share of its blood that the worse-off twin drains, %": 100 * worst_share(plan),
    }


MEDUNSA = Replay(
    key="medunsa-1997",
    title="Medunsa 1997: a sinus with a narrow middle",
    known=(
        Fact(
            text="total vertical type II, one operation at 11 months; the shared sinus was cut at"
            " its narrow middle; both well",
            source="wikimili.com/en/Joseph_and_Luka_Banda",
        ),
    ),
    assumed=(
        *blood(700.0, 950.0),
        assume("end-A", 2.5, 5.0, "mm", "calibre of the sinus towards twin A"),
        assume("end-B", 2.5, 5.0, "mm", "towards twin B"),
        assume("middle", 0.5, 2.5, "mm", "of its middle"),
    ),
    build=narrow_middle,
    judge=judge_medunsa,
    done="cut at the narrow middle",
)


REPLAYS = (LONDON_2011, LONDON_2019, DELHI, RIBEIRAO, DALLAS, ROME, COSTA_RICA, MEDUNSA)
