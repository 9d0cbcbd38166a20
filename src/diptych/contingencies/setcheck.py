"""The independent checker of a proof for several hazards at once. It shares no code with it.

It asks the day anew, minute by minute, who and what can fill each place, then follows the
rules of `model.Certificate` through every set of every class: its filling must be good, or it
must contain a gap; and each gap must truly be one, with every smaller set covered.
"""

from collections.abc import Iterator, Sequence
from math import comb, factorial

import numpy as np

from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.setquestions import Asked, Flags, Whole, Words, ask_day
from diptych.contingencies.setreplay import ClassReplay, Sets, count_bits, list_places
from diptych.model import NOBODY, TOLD, Certificate, Hazard, Schedule, SetProof, Subject

_RULES = AnswerPolicy()
_LARGEST, _WORD, _MANY = 4, 64, 4096


def check_sets(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    proof: SetProof,
    *,
    policy: AnswerPolicy = _RULES,
) -> tuple[str, ...]:
    """Every fault of the proof in words; empty when it holds.

    The stretches must be the minutes of the day, each once, and ask the same question wherever
    they are said to; each set must be covered as the certificate says or contain one of its
    gaps; each gap must be one; gaps in words and counts must be those of the certificate.
    `turned` is checked for two hazards, from the fillings of the single ones; of three it is
    checked only that no more are said than are covered, and of `searched` its bounds: the
    certificate holds nothing of them.
    """
    paper = proof.certificate
    faults = [*_check_names(schedule, hazards, proof), *_check_form(paper, len(hazards))]
    if faults:
        return tuple(faults)
    asked, faults = ask_day(schedule, hazards, paper, policy)
    if asked is None:
        return tuple(faults)
    short, faults = _check_gaps(paper, asked)
    faults += _check_words(schedule, hazards, proof, short)
    sums, found = _replay(paper, asked)
    faults += [f"{_name(hazards, which)} at {minute}: {what}" for minute, what, which in found]
    faults += _check_counts(proof, sums)
    return tuple(faults)


def _replay(paper: Certificate, asked: Asked) -> tuple[Whole, list[tuple[int, str, list[int]]]]:
    """Every set of every class; (order + 1, 5) combinations, classes, covered, gaps, turned."""
    orders = [Sets(order) for order in range(1, paper.order + 1)]
    sums = np.zeros((paper.order + 1, 5), np.int64)
    faults, pairs = [], 0
    for number, row in enumerate(paper.alive):
        listed = np.flatnonzero(paper.listed[:, 0] == number)
        gaps = np.flatnonzero(paper.gaps[:, 0] == number)
        replay = ClassReplay(paper, asked, number, listed, gaps)
        found = replay.check(orders, pairs, sums)
        faults += [(asked.seen[number], what, which) for what, which in found]
        pairs += comb(int(row.sum()), 2)
    idle = np.repeat(~paper.alive, np.diff(paper.first), axis=1)
    if (paper.singles[idle] != NOBODY).any():
        faults.append((0, "a hazard that cannot strike has a filling", []))
    return sums, faults


def _name(hazards: Sequence[Hazard], which: Sequence[int]) -> str:
    return " + ".join(str(hazards[h].id) for h in which)


def _check_names(schedule: Schedule, hazards: Sequence[Hazard], proof: SetProof) -> Iterator[str]:
    """The order, who and what is numbered, and how many places each hazard has."""
    kit, paper = schedule.procedure.equipment, proof.certificate
    if not 2 <= proof.order <= _LARGEST or paper.order != proof.order:
        yield f"order is {proof.order}, that of the certificate {paper.order}, expected 2 to 4"
    names = [str(person.id) for person in schedule.procedure.staff]
    rooms = [(str(kind.id), kind.count + sum(n for _, n in kind.restock)) for kind in kit]
    if any(hazard.response.sterile for hazard in hazards):
        zones = schedule.procedure.zones
        rooms += [(str(zone.id), zone.capacity) for zone in zones if zone.id in _FIELD_ZONES]
    names += [f"{name} {n + 1}" for name, count in rooms for n in range(count)]
    if sorted(filter(None, paper.names)) != sorted(names) or len(set(names)) < len(names):
        yield "the names are not the people, the pieces of kit and the places, each once"
    if len(paper.names) > NOBODY:
        yield f"there are {len(paper.names)} names, expected at most {NOBODY}"
    first = [0]
    for hazard in hazards:
        people = sum(demand.count for demand in hazard.response.demands)
        pieces = [hazard.response.equipment.get(kind.id, 0) for kind in kit]
        if sum(pieces) != sum(hazard.response.equipment.values()):
            yield f"{hazard.id} asks for kit that the procedure does not have"
        first.append(first[-1] + people + sum(pieces) + len(_field(hazard)))
    if paper.first.tolist() != first:
        yield "the places are not those that the hazards ask for"


def _check_form(paper: Certificate, hazards: int) -> Iterator[str]:
    """Arrays of the shapes they must have, and sets that are sets."""
    classes, stretches, places = len(paper.alive), len(paper.of), int(paper.first.max(initial=0))
    pairs = int(sum(comb(int(n), 2) for n in paper.alive.sum(axis=1)))
    shapes = {
        "stretch": (paper.stretch.shape, (stretches + 1,)),
        "alive": (paper.alive.shape, (classes, hazards)),
        "singles": (paper.singles.shape, (classes, places)),
        "pairs": (paper.pairs.shape[:1], (pairs,)),
        "listed_fillings": (paper.listed_fillings.shape[:1], (len(paper.listed),)),
        "short": (paper.short.shape, (len(paper.gaps),)),
        "listed": (paper.listed.shape[1:], (1 + _LARGEST,)),
        "gaps": (paper.gaps.shape[1:], (1 + _LARGEST,)),
    }
    wrong = [name for name, (found, wanted) in shapes.items() if found != wanted]
    yield from (f"{name} of the certificate has another shape than the rest" for name in wrong)
    if wrong or (stretches and not 0 <= paper.of.min() <= paper.of.max() < classes):
        yield "a stretch has no class"
    elif set(paper.of.tolist()) != set(range(classes)):
        yield "a class has no stretch"
    else:
        for name, rows, least in (("listed", paper.listed, 3), ("gaps", paper.gaps, 1)):
            if not _are_sets(paper, rows.astype(np.int64), least):
                yield f"{name} holds what is no set of hazards that can strike, each once"


def _are_sets(paper: Certificate, rows: Whole, least: int) -> bool:
    """Classes, then hazards alive in them, rising, `least` to `order` many; no row twice."""
    if not len(rows):
        return True
    kind, sets = rows[:, 0], rows[:, 1:]
    size = (sets >= 0).sum(axis=1)
    rising = ((sets[:, :-1] >= 0) & (np.diff(sets, axis=1) > 0)) | (sets[:, 1:] == -1)
    if not (
        0 <= kind.min() <= kind.max() < len(paper.alive)
        and sets.min() >= -1
        and sets.max() < paper.alive.shape[1]
        and rising.all()
        and least <= size.min() <= size.max() <= paper.order
    ):
        return False
    alive = paper.alive[kind[:, None], sets] | (sets < 0)
    return bool(alive.all()) and len(np.unique(rows, axis=0)) == len(rows)


def _check_gaps(paper: Certificate, asked: Asked) -> tuple[tuple[Whole, Words], list[str]]:
    """Each gap must mark places that are reached by fewer numbers than they are.

    Returns how many are too few (G,) and the numbers that there are (G, W); faults.
    """
    sets = paper.gaps.astype(np.int64)
    lacking = np.zeros(len(sets), np.int64)
    reach = np.zeros((len(sets), asked.masks.shape[2]), np.uint64)
    for low in range(0, len(sets), _MANY):
        part = slice(low, low + _MANY)
        places = list_places(paper.first, sets[part, 1:])[:, :_WORD]
        marked = _marked(paper.short[part], places.shape[1])
        masks = np.where(marked[..., None], asked.masks[sets[part, :1], places], 0)
        reach[part] = np.bitwise_or.reduce(masks, axis=1)
        there = (marked & (places >= 0)).sum(axis=1)
        sound = there == np.bitwise_count(paper.short[part])
        lacking[part] = np.where(sound, there - count_bits(reach[part]), 0)
    wrong = np.flatnonzero(lacking <= 0)
    faults = [f"gap {n}: the places marked can be filled, or are not its own" for n in wrong]
    return (lacking, reach), faults


def _marked(short: Words, width: int) -> Flags:
    """(G, width) the bits of each word."""
    bits = np.arange(width, dtype=np.uint64)
    return (short[:, None] >> bits & np.uint64(1)).astype(np.bool_)


_FIELD_ZONES = ("sterile-joined", "sterile-A", "sterile-B")
Told = tuple[tuple[str, ...], int, tuple[str, ...], tuple[int, ...]]


def _check_words(
    schedule: Schedule, hazards: Sequence[Hazard], proof: SetProof, short: tuple[Whole, Words]
) -> Iterator[str]:
    """The gaps in words must be those of the certificate with two and three hazards."""
    wanted = _gather(schedule, hazards, proof.certificate, short)
    for gap in proof.gaps:
        minutes = [minute for start, end in gap.spans for minute in range(start, end)]
        name = " + ".join(map(str, gap.hazards))
        if minutes != sorted(set(minutes)) or any(start >= end for start, end in gap.spans):
            yield f"the minutes of the gap {name} are not in order, each once"
        key = (tuple(map(str, gap.hazards)), gap.lacking, tuple(sorted(gap.free)), tuple(minutes))
        asked = wanted.get(key, [])
        said = gap.missing.replace("-", " ")
        fits = [words for words in asked if all(word in said for word in words)]
        if fits:
            asked.remove(fits[0])
        elif asked:
            yield f"the gap {name} does not say what is missing: {gap.missing!r}"
        else:
            yield f"the gap {name} from {minutes[:1]} on is not in the certificate"
    for (names, *_, when), left in wanted.items():
        if left:
            yield f"the gap {' + '.join(names)} from {when[0]} on is not told"


def _gather(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    paper: Certificate,
    short: tuple[Whole, Words],
) -> dict[Told, list[tuple[str, ...]]]:
    """Gaps of two and three that lack the same, put together; for each what its words must say."""
    lacking, reach = short
    sizes = (paper.gaps[:, 1:] >= 0).sum(axis=1)
    which = np.flatnonzero((sizes > 1) & (sizes <= TOLD))
    rows = [paper.gaps[which, 1:].astype(np.uint64), paper.short[which, None], reach[which]]
    _, first, of = np.unique(
        np.concatenate(rows, axis=1), axis=0, return_index=True, return_inverse=True
    )
    order = np.argsort(of.reshape(-1), kind="stable")
    ends = np.searchsorted(of.reshape(-1)[order], np.arange(len(first) + 1))
    when = _minutes_of(paper)
    asks = [_asks(schedule, hazard) for hazard in hazards]
    wanted: dict[Told, list[tuple[str, ...]]] = {}
    for n, gap in enumerate(which[first]):
        members = [int(h) for h in paper.gaps[gap, 1:] if h >= 0]
        every = [ask for h in members for ask in asks[h]]
        marks = _marked(paper.short[gap : gap + 1], _WORD)[0]
        words = {ask for ask, marked in zip(every, marks, strict=False) if marked}
        free = _marked(reach[gap], _WORD).reshape(-1)[: len(paper.names)]
        names = tuple(sorted(paper.names[bit] for bit in np.flatnonzero(free)))
        classes = paper.gaps[which[order[ends[n] : ends[n + 1]]], 0]
        minutes = tuple(sorted(m for number in classes for m in when[number]))
        key = (tuple(str(hazards[h].id) for h in members), int(lacking[gap]), names, minutes)
        wanted.setdefault(key, []).append(tuple(sorted(words)))
    return wanted


def _minutes_of(paper: Certificate) -> list[list[int]]:
    when: list[list[int]] = [[] for _ in paper.alive]
    marks = paper.stretch.tolist()
    for number, start, end in zip(paper.of, marks, marks[1:], strict=False):
        when[number] += range(start, end)
    return when


def _asks(schedule: Schedule, hazard: Hazard) -> list[str]:
    """The skill, the kind of kit or the field of each place."""
    named = [ask.skill for ask in hazard.response.demands for _ in range(ask.count)]
    kit = [kind.id for kind in schedule.procedure.equipment]
    pieces = [kind for kind in kit for _ in range(hazard.response.equipment.get(kind, 0))]
    return [str(name).replace("-", " ") for name in (*named, *pieces, *_field(hazard))]


def _field(hazard: Hazard) -> list[str]:
    """A word for each place at the field: of one twin, or of each of the two."""
    twins = 1 if hazard.subject in (Subject.A, Subject.B) else 2
    return ["sterile field"] * (twins * hazard.response.sterile)


def _check_counts(proof: SetProof, sums: Whole) -> Iterator[str]:
    if [count.order for count in proof.counts] != list(range(1, len(sums))):
        yield "the counts are not those of each order, once"
        return
    for count in proof.counts:
        told = [count.combinations, count.classes, count.covered, count.gaps]
        found = sums[count.order].tolist()
        if told != found[:4]:
            yield f"order {count.order} counts {told}, found {found[:4]}"
        if not 0 <= count.searched <= count.classes:
            yield f"order {count.order}: {count.searched} of {count.classes} sets searched"
        ways = factorial(count.order) if count.order in (2, 3) else 0
        if count.turns not in (0, ways * count.combinations):
            yield f"order {count.order}: {count.turns} ordered sets, found {ways * found[0]}"
        most = found[4] if count.order == 2 else ways * count.covered
        least = most if count.order == 2 and count.turns else 0
        if not least <= count.turned <= min(most, count.turns):
            yield f"order {count.order}: {count.turned} answered in turn, found {most}"
