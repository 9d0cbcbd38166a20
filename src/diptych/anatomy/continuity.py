"""Which branches are one vessel: the courses through touches, crossings and confluences.

In the images, vessels that touch look joined. Which branch ends at a meeting place run on
into each other is decided for the whole network at once: by how little each course turns,
how alike its calibres are, and by what a vein is: it comes from the periphery at one end
and flows into another vessel at its other end. A course that has neither a beginning in
the periphery nor much length of its own costs, and so does one with two beginnings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from diptych.anatomy.turns import measure_turn
from diptych.anatomy.vessels import Tree

TURN_DEGREES = 45.0
"""Turn at a meeting place that costs half a tributary; veins turn sharply at times, so that
beyond it the cost grows no longer with the square."""
CALIBRE_LOG = 0.3
OTHER_SIDE = 0.5
TRIBUTARY, LOOSE = 1.0, 2.0
ORPHAN, ORPHAN_MM = 3.0, 10.0
TWO_SOURCES = 4.0
SINUS = 0.83
"""Share of the calibre that no vein has from which a vessel between two sinuses may be one: that
of a significant sinus."""
PASSING = 0.6
"""A vessel passes another's mouth when it is at least so wide in comparison."""
MOST_ENDS = 8
MOST_CHOICES = 40
MOST_SWEEPS = 12
MOST_TURN = 90.0
"""At a sinus a vein that turns more sharply flows into it, and does not run on past it."""
PAST_SHARED = 3.0
"""Cost of a vein that runs on past a shared sinus, as much as of one that begins nowhere: in 42
generated pairs veins of both twins that met on one were read so eight times, never rightly."""
MOUTH = 3.0
"""Calibres of length up to which a branch between a meeting place and a sinus is a mouth: veins
join before they flow into a sinus. In 20 generated pairs three crossings of veins had no end
shorter than five; two that were no crossings had one of 1.2 and one of 2.3."""
STEM = 1.2
"""Two veins that cross lie in one another for a piece no longer than so many calibres."""
FADED, BESIDE = 0.9, 2.2
"""A link between two veins holds less than so much of their contrast only where they touch: in
51 generated pairs with 7 and 14 HU of noise, 14 of 15 touches did, and none of 30 vessels. Their
middles lie a calibre apart then; the line between them is longer by the blur and its bends, but
no longer than so many calibres."""
ONWARD = 0.75
"""A sinus goes on in a vessel at least so wide in comparison; a thinner one flows into it."""
FOLD = 0.5
"""Cost of a vein that folds back on itself, where the fold looks like one vessel that ends."""
MOST_DELTA = 6.0
"""Readings of a meeting place that cost so much more than the best one are out of the question."""

End = tuple[int, bool]
"""Number of a branch, and whether it is the branch's last point (else its first)."""
Pairs = tuple[tuple[End, End], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """What is known of each branch: shared sinus or not, home (1 A, 2 B, 0 both), begins
    (0..1, how surely it has a free end in the periphery), side near each of its ends.

    calibre, length : of each branch, mm
    vein : calibre from which a vessel is a sinus, mm
    """

    calibre: Sequence[float]
    length: Sequence[float]
    shared: Sequence[bool]
    home: Sequence[int]
    begins: Sequence[float]
    side: Mapping[End, int]
    vein: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Another way to read a meeting place.

    chance : how likely beside the best way, which has 1
    courses : those that it changes or that run through the place, as sets of branches
    """

    chance: float
    courses: tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Courses:
    """run : number of the course that each branch is a part of (its least branch)
    pairs : the ends that run on into each other, for each meeting place
    readings : the other ways to read each meeting place
    nodes : node of each meeting place
    folds : branches that are two legs of one vein, side by side, and no vessel that ends
    """

    run: tuple[int, ...]
    pairs: tuple[Pairs, ...]
    readings: tuple[tuple[Reading, ...], ...] = ()
    nodes: tuple[int, ...] = ()
    folds: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way to pair the ends of a meeting place, and what it costs by itself."""

    cost: float
    pairs: Pairs


@dataclass(slots=True, kw_only=True)
class _State:
    """The choice made at each meeting place, and what it joins (private, changes)."""

    tree: Tree
    facts: Facts
    places: list[list[End]]
    choices: list[list[_Choice]]
    chosen: list[int]
    wide: Mapping[int, frozenset[int]]
    partner: dict[End, End] = field(default_factory=dict)
    neighbours: list[tuple[int, int]] = field(default_factory=list)

    def take(self, place: int, choice: int) -> None:
        for end in self.places[place]:
            self.partner.pop(end, None)
        self.chosen[place] = choice
        for first, second in self.choices[place][choice].pairs:
            self.partner[first], self.partner[second] = second, first

    def course(self, number: int) -> frozenset[int]:
        """Branches of the course through a branch."""
        found = {number}
        for out in (False, True):
            here: End | None = (number, out)
            while here is not None:
                onward = self.partner.get(here)
                if onward is None or onward[0] in found:
                    break
                found.add(onward[0])
                here = (onward[0], not onward[1])
        return frozenset(found)

    def cost_at(self, places: Sequence[int]) -> float:
        """Cost of these places' choices and of all courses through them."""
        total = sum(self.choices[n][self.chosen[n]].cost for n in places)
        courses = {self.course(end[0]) for n in places for end in self.places[n]}
        return total + sum(self.course_cost(course) for course in courses)

    def course_cost(self, course: frozenset[int]) -> float:
        """What a course costs as a whole."""
        return _course_cost(self.facts, course, lambda: self.may_be_sinus(course))

    def may_be_sinus(self, course: frozenset[int]) -> float:
        """0..1, how far a course between two sinuses is as wide as one; 0 for another one."""
        ends = [
            node
            for n in course
            for node in (self.tree.branches[n].start, self.tree.branches[n].end)
        ]
        outer = [node for node in ends if ends.count(node) == 1]
        if len(outer) != 2 or not all(self.wide.get(node, frozenset()) - course for node in outer):
            return 0.0
        least = min(self.facts.calibre[n] for n in course) / self.facts.vein
        return min(max((least - SINUS) / (1.0 - SINUS), 0.0), 1.0)


def find_courses(tree: Tree, facts: Facts) -> Courses:
    """The courses of least total cost.

    Found from the best choice at each place by itself; then each place, and each two places
    that a branch joins, are decided anew while that lowers the total.
    """
    stems, nooses = _find_stems(tree, facts), _find_nooses(tree, facts)
    places = _meeting_places(tree, stems, frozenset(nooses))
    choices = [_list_choices(tree, facts, ends) for ends in places]
    state = _State(
        tree=tree,
        facts=facts,
        places=places,
        choices=choices,
        chosen=[0] * len(places),
        wide=_find_wide(tree, facts),
    )
    for number in range(len(places)):
        state.take(number, 0)
    _improve(state)
    run = [min(state.course(number)) for number in range(len(tree.branches))]
    pairs = tuple(choices[n][state.chosen[n]].pairs for n in range(len(places)))
    _host_stems(tree, stems, pairs, run)
    for number, host in nooses.items():
        run[number] = run[host]
    _host_loops(tree, run)
    folds = _host_folds(tree, facts, state, run)
    return Courses(
        run=tuple(run),
        pairs=pairs,
        readings=tuple(_read_otherwise(state, n) for n in range(len(places))),
        nodes=tuple(_node(tree, ends[0]) for ends in places),
        folds=folds,
    )


def _find_wide(tree: Tree, facts: Facts) -> dict[int, frozenset[int]]:
    """The sinuses at each node, shared or too wide for a vein."""
    found: dict[int, set[int]] = {}
    for number, branch in enumerate(tree.branches):
        if facts.shared[number] or facts.calibre[number] >= facts.vein:
            for node in (branch.start, branch.end):
                found.setdefault(node, set()).add(number)
    return {node: frozenset(numbers) for node, numbers in found.items()}


def find_passing(tree: Tree, facts: Facts, courses: Courses) -> tuple[tuple[End, End], ...]:
    """Of the veins that cross at a node, each running on, all but the widest: they touch
    there and do not join.

    A vein that has but a short mouth left from there to a sinus crosses nothing: veins join
    before they flow into one.
    """
    found = []
    for pairs in courses.pairs:
        narrow = [
            pair
            for pair in pairs
            if not _is_wide(facts, pair) and not any(_ends_soon(tree, facts, end) for end in pair)
        ]
        narrow.sort(key=lambda pair: (-_narrower(facts, pair), pair))
        found += narrow[1:]
    return tuple(found)


def _ends_soon(tree: Tree, facts: Facts, end: End) -> bool:
    """Whether a branch is so short that it is but the mouth of what it meets, at a sinus."""
    number, last = end
    far = _node(tree, (number, not last))
    sinus = any(
        far in (other.start, other.end) and _is_wide(facts, ((n, False), (n, True)))
        for n, other in enumerate(tree.branches)
        if n != number
    )
    return sinus and facts.length[number] < MOUTH * facts.calibre[number]


def _is_wide(facts: Facts, pair: tuple[End, End]) -> bool:
    return any(facts.shared[n] or facts.calibre[n] >= facts.vein for n, _ in pair)


def _ends_at(tree: Tree) -> dict[int, list[End]]:
    """Branch ends at each node; a branch that returns to its node is left out."""
    found: dict[int, list[End]] = {}
    for number, branch in enumerate(tree.branches):
        if branch.start != branch.end:
            found.setdefault(branch.start, []).append((number, False))
            found.setdefault(branch.end, []).append((number, True))
    return dict(sorted(found.items()))


def _find_stems(tree: Tree, facts: Facts) -> tuple[int, ...]:
    """Short branches between two pairs of veins: there, two that cross look like one, or two
    that touch are joined by a faint link. No node has two of them.
    """
    ends = _ends_at(tree)
    taken: set[int] = set()
    found = []
    for number, branch in sorted(enumerate(tree.branches), key=lambda item: item[1].length):
        nodes = {branch.start, branch.end}
        around = [n for node in nodes for n, _ in ends.get(node, []) if n != number]
        veins = all(facts.calibre[n] < facts.vein and not facts.shared[n] for n in around)
        if len(nodes) != 2 or nodes & taken or len(set(around)) != 4 or not veins:
            continue
        most = BESIDE if branch.fade < FADED else STEM
        near = branch.length <= most * max(facts.calibre[n] for n in around)
        if near and not facts.shared[number] and all(len(ends[node]) == 3 for node in nodes):
            taken |= nodes
            found.append(number)
    return tuple(sorted(found))


def _find_nooses(tree: Tree, facts: Facts) -> dict[int, int]:
    """Branches that lead from a vein to a loop and nowhere else, and the branch of that vein that
    is most like each. No blood comes from there: the vein itself runs out along it, round the
    loop and back.
    """
    ends = _ends_at(tree)
    found = {}
    for number, branch in enumerate(tree.branches):
        for node, far in ((branch.start, branch.end), (branch.end, branch.start)):
            here = [n for n, _ in ends.get(node, []) if n != number]
            closed = node != far and len(ends[far]) == 1 and tree.degree[far] > 1
            veins = [n for n in here if facts.calibre[n] < facts.vein and not facts.shared[n]]
            if closed and len(veins) > 1 and facts.calibre[number] < facts.vein:
                found[number] = min(veins, key=lambda n: (_unlike(facts, n, number), n))
    return found


def _unlike(facts: Facts, first: int, second: int) -> float:
    return abs(facts.calibre[first] - facts.calibre[second])


def _meeting_places(
    tree: Tree, stems: Sequence[int], nooses: frozenset[int] = frozenset()
) -> list[list[End]]:
    """Branch ends that meet at a node, or at both nodes of a stem, without the stem and without
    what leads to a loop.
    """
    found = {
        node: [end for end in ends if end[0] not in nooses] for node, ends in _ends_at(tree).items()
    }
    for number in stems:
        stem = tree.branches[number]
        first, second = sorted((stem.start, stem.end))
        both = found[first] + found.pop(second)
        found[first] = [end for end in both if end[0] != number]
    return [sorted(ends) for ends in found.values() if len(ends) > 1]


def _host_stems(tree: Tree, stems: Sequence[int], places: Sequence[Pairs], run: list[int]) -> None:
    """A stem goes with the widest vein that runs through it, if one does."""
    for number in stems:
        sides = tree.branches[number].start, tree.branches[number].end
        through = [
            (-min(tree.branches[n].calibre for n, _ in pair), pair)
            for pairs in places
            for pair in pairs
            if sorted(_node(tree, end) for end in pair) == sorted(sides)
        ]
        if through:
            run[number] = run[min(through)[1][0][0]]


def _node(tree: Tree, end: End) -> int:
    branch = tree.branches[end[0]]
    return branch.end if end[1] else branch.start


def _list_choices(tree: Tree, facts: Facts, ends: list[End]) -> list[_Choice]:
    """Ways to pair the ends, the cheapest first."""
    prices = {
        (first, second): price
        for n, first in enumerate(ends)
        for second in ends[n + 1 :]
        if (price := _pair_cost(tree, facts, first, second)) is not None
    }
    if any(facts.shared[n] or facts.calibre[n] >= facts.vein for n, _ in ends):
        prices = {pair: price for pair, price in prices.items() if _may_pass(tree, facts, pair)}
    if any(facts.shared[n] for n, _ in ends):
        prices = {
            pair: price if _is_wide(facts, pair) else price + PAST_SHARED
            for pair, price in prices.items()
        }
    fold = _find_fold(tree, facts, ends)
    if fold is not None:
        legs = (ends[0], ends[1]) if ends[2] == fold else (ends[0], ends[2])
        legs = (ends[1], ends[2]) if ends[0] == fold else legs
        prices[legs] = min(FOLD + _calibre_cost(facts, *legs), prices.get(legs, np.inf))
    if len(ends) > MOST_ENDS:
        widest = sorted(prices, key=lambda pair: (prices[pair], pair))[:1]
        return [_Choice(cost=0.0, pairs=tuple(widest))]
    found = [
        _Choice(
            cost=round(
                sum(prices[pair] for pair in pairs)
                + _mouths(tree, facts, [end for end in ends if end != fold or not pairs], pairs),
                9,
            ),
            pairs=pairs,
        )
        for pairs in _matchings(ends, prices)
    ]
    found.sort(key=lambda choice: choice.cost)
    return found[:MOST_CHOICES]


def _may_pass(tree: Tree, facts: Facts, pair: tuple[End, End]) -> bool:
    """Whether a pair at a sinus is of the sinus itself, or veins that run past it."""
    if _is_wide(facts, pair):
        return True
    (first, first_last), (second, second_last) = pair
    turn = measure_turn(tree.branches[first], first_last, tree.branches[second], second_last)
    return turn <= MOST_TURN


def _find_fold(tree: Tree, facts: Facts, ends: list[End]) -> End | None:
    """The end of a branch that may be the fold of a vein whose legs are the other two.

    One vessel that runs on from the wider leg is as wide as that leg; the fold is as wide as
    both legs abreast. What is nearer to the latter, by cross-section, may be a fold.
    """
    if len(ends) != 3 or any(facts.shared[n] for n, _ in ends):
        return None
    area = {end: facts.calibre[end[0]] ** 2 for end in ends}
    found = [
        end
        for end in ends
        if tree.free_ends(tree.branches[end[0]])
        and facts.calibre[end[0]] < STEM * facts.vein
        and area[end] >= _half_fused([area[leg] for leg in ends if leg != end])
        and all(
            facts.calibre[n] < facts.vein and facts.length[n] > facts.length[end[0]]
            for n, _ in ends
            if n != end[0]
        )
    ]
    return found[0] if len(found) == 1 else None


def _half_fused(legs: Sequence[float]) -> float:
    """Half-way between the cross-section of the wider of two legs and that of both."""
    return 0.5 * (max(legs) + sum(legs))


def _host_folds(tree: Tree, facts: Facts, state: _State, run: list[int]) -> frozenset[int]:
    """The folds whose legs run on into each other; they go with these."""
    found = set()
    for ends in state.places:
        fold = _find_fold(tree, facts, ends)
        if fold is not None and fold not in state.partner:
            legs = [end for end in ends if end != fold]
            if state.partner.get(legs[0]) == legs[1]:
                run[fold[0]] = run[legs[0][0]]
                found.add(fold[0])
    return frozenset(found)


def _matchings(free: list[End], prices: Mapping[tuple[End, End], float]) -> list[Pairs]:
    if len(free) < 2:
        return [()]
    first, rest = free[0], free[1:]
    found = list(_matchings(rest, prices))
    for other in rest:
        if (first, other) in prices:
            inner = [end for end in rest if end != other]
            found += [((first, other), *more) for more in _matchings(inner, prices)]
    return found


def _mouths(tree: Tree, facts: Facts, ends: list[End], pairs: Pairs) -> float:
    """Cost of the ends that run into others instead of on; a mere bulge costs little."""
    paired = {end for pair in pairs for end in pair}
    passing = max((_narrower(facts, pair) for pair in pairs), default=0.0)
    total = 0.0
    for end in ends:
        if end not in paired:
            free = bool(tree.free_ends(tree.branches[end[0]]))
            bulge = free and facts.begins[end[0]] < 1.0
            price = TRIBUTARY if passing >= PASSING * facts.calibre[end[0]] else LOOSE
            total += price * (facts.begins[end[0]] if bulge else 1.0)
    return total


def _narrower(facts: Facts, pair: tuple[End, End]) -> float:
    return min(facts.calibre[number] for number, _ in pair)


def _pair_cost(tree: Tree, facts: Facts, first: End, second: End) -> float | None:
    """Cost of running on from one end into the other; None where that cannot be.

    A shared sinus goes on only in a shared one, sinuses of different twins never go on in
    each other, and a vein flows into a sinus that is much wider.
    """
    a, b = tree.branches[first[0]], tree.branches[second[0]]
    if first[0] == second[0] or facts.shared[first[0]] != facts.shared[second[0]]:
        return None
    homes = {facts.home[first[0]], facts.home[second[0]]}
    sizes = facts.calibre[first[0]], facts.calibre[second[0]]
    if homes == {1, 2} and min(sizes) >= facts.vein:
        return None
    ring = facts.shared[first[0]]
    if not ring and max(sizes) >= facts.vein and min(sizes) < ONWARD * max(sizes):
        return None
    turn = measure_turn(a, first[1], b, second[1]) / TURN_DEGREES
    aside = OTHER_SIDE * float(facts.side[first] != facts.side[second])
    bent = 0.5 * turn**2 if turn <= 1.0 else turn - 0.5
    return _calibre_cost(facts, first, second) + bent + aside


def _calibre_cost(facts: Facts, first: End, second: End) -> float:
    ratio = np.log(facts.calibre[first[0]] / facts.calibre[second[0]]) / CALIBRE_LOG
    return 0.5 * float(ratio) ** 2


def _course_cost(facts: Facts, course: frozenset[int], may_be_sinus: Callable[[], float]) -> float:
    """What a course costs as a whole: a vein has one beginning in the periphery.

    The end of a much wider member is no beginning, for vessels grow wider downstream. A
    sinus between two others begins nowhere: veins and the other sinuses fill it.
    """
    members = sorted(course)
    narrow = [n for n in members if facts.calibre[n] < facts.vein]
    if not narrow or facts.shared[members[0]]:
        return 0.0
    length = sum(facts.length[n] for n in narrow)
    most = max(facts.calibre[n] for n in narrow) / PASSING
    every = sorted((facts.begins[n] for n in members if facts.calibre[n] <= most), reverse=True)
    second = sum(sorted((facts.begins[n] for n in narrow), reverse=True)[1:])
    orphan = ORPHAN * (1.0 - every[0]) * min(length / ORPHAN_MM, 1.0)
    if orphan > 0.0:
        orphan *= 1.0 - may_be_sinus()
    return TWO_SOURCES * second + orphan


def _improve(state: _State) -> None:
    state.neighbours = _neighbours(state)
    for _ in range(MOST_SWEEPS):
        changed = [_decide(state, [n]) for n in range(len(state.places))]
        changed += [_decide(state, list(pair)) for pair in state.neighbours]
        if not any(changed):
            return


def _neighbours(state: _State) -> list[tuple[int, int]]:
    """Pairs of meeting places that a branch joins."""
    at = {end: n for n, ends in enumerate(state.places) for end in ends}
    found = set()
    for number in range(len(state.tree.branches)):
        first, second = at.get((number, False)), at.get((number, True))
        if first is not None and second is not None and first != second:
            found.add((min(first, second), max(first, second)))
    return sorted(found)


def _decide(state: _State, places: list[int]) -> bool:
    """Takes the cheapest choices at one or two places; whether that changed anything."""
    before = [state.chosen[n] for n in places]
    best, kept = state.cost_at(places), before
    options = [[c] for c in range(len(state.choices[places[0]]))]
    if len(places) == 2:
        options = [
            [first, second]
            for first in range(min(len(state.choices[places[0]]), 8))
            for second in range(min(len(state.choices[places[1]]), 8))
        ]
    for option in options:
        for place, choice in zip(places, option, strict=True):
            state.take(place, choice)
        cost = state.cost_at(places)
        if cost < best - 1e-9:
            best, kept = cost, option
    for place, choice in zip(places, kept, strict=True):
        state.take(place, choice)
    return kept != before


def _host_loops(tree: Tree, run: list[int]) -> None:
    """A vessel that touches itself leaves a loop: it goes with the branch of nearest calibre."""
    for number, branch in enumerate(tree.branches):
        if branch.start == branch.end:
            others = [
                (abs(other.calibre - branch.calibre), n)
                for n, other in enumerate(tree.branches)
                if n != number and branch.start in (other.start, other.end)
            ]
            if others:
                run[number] = run[min(others)[1]]


def _read_otherwise(state: _State, place: int) -> tuple[Reading, ...]:
    """The other ways to read a place, the places next to it read anew with each of them."""
    beside = sorted({n for pair in state.neighbours if place in pair for n in pair} - {place})
    here = [place, *beside]
    kept = [state.chosen[n] for n in here]
    before = state.cost_at(here)
    found = []
    for choice in range(len(state.choices[place])):
        if choice == kept[0]:
            continue
        state.take(place, choice)
        if state.cost_at(here) - before < 2.0 * MOST_DELTA:
            for other in beside:
                _settle(state, place, other)
            more = state.cost_at(here) - before
            if more < MOST_DELTA:
                courses = {state.course(end[0]) for n in here for end in state.places[n]}
                chance = round(float(np.exp(-max(more, 0.0))), 9)
                found.append(Reading(chance=chance, courses=tuple(sorted(courses, key=sorted))))
        for number, old in zip(here, kept, strict=True):
            state.take(number, old)
    return tuple(found)


def _settle(state: _State, place: int, other: int) -> None:
    """Takes the cheapest choice at another place, that at `place` being given."""
    best, kept = state.cost_at([place, other]), state.chosen[other]
    least = state.choices[other][0].cost
    for number, choice in enumerate(state.choices[other][:8]):
        if choice.cost - least < MOST_DELTA:
            state.take(other, number)
            cost = state.cost_at([place, other])
            if cost < best - 1e-9:
                best, kept = cost, number
    state.take(other, kept)
