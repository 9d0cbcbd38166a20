"""The pairs of hazards to look at first: which they are, and how each is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.naming import as_row, name_gaps, send, slack_of, stand
from diptych.contingencies.policy import AnswerPolicy
from diptych.model import (
    Hazard,
    HazardId,
    InputError,
    Minute,
    PairAnswer,
    Schedule,
    Subject,
)
from diptych.tables import SourcedTable, TableRow

_RULES = AnswerPolicy()
_TWINS = ("same", "other", "each", "pair")
_LAST_STEP = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPair:
    """One row of the table `first-pairs`.

    first, second : keys of hazards; `second` is "" for one hazard during certain steps
    twins : "same" twin, "other" twin, "each" twin in turn, or "pair" (the room)
    steps : first and last step to which it is narrowed
    """

    key: str
    title: str
    first: str
    second: str
    twins: str
    steps: tuple[int, int]
    why: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPair:
    """A pair with its hazards, narrowed to its steps."""

    pair: FirstPair
    hazards: tuple[Hazard, ...]

    @property
    def key(self) -> str:
        """The key of the row with the twins: "arrest-haemorrhage A B"."""
        return " ".join([self.pair.key, *_letters(self.hazards)])


def read_first_pairs(table: SourcedTable) -> tuple[FirstPair, ...]:
    """The rows of the table, in its order; InputError naming the row for what is amiss."""
    return tuple(_read(row) for row in table.rows.values())


def _read(row: TableRow) -> FirstPair:
    twins = row.text("twins")
    steps = row.integer("first_step", 1), row.integer("last_step", _LAST_STEP)
    if twins not in _TWINS:
        raise _fault(row, f"twins is {twins!r}, expected {', '.join(_TWINS)}")
    if not 1 <= steps[0] <= steps[1] <= _LAST_STEP:
        raise _fault(row, f"steps are {steps[0]} to {steps[1]}, expected 1 <= first <= last <= 19")
    if twins in ("same", "other") and not row.text("second", ""):
        raise _fault(row, f"twins is {twins!r} without a second hazard")
    return FirstPair(
        key=row.key,
        title=row.text("title"),
        first=row.text("first"),
        second=row.text("second", ""),
        twins=twins,
        steps=steps,
        why=row.text("why"),
        source=row.source,
        confidence=row.confidence.value,
    )


def _fault(row: TableRow, what: str) -> InputError:
    return InputError(
        f"table {row.table}, row {row.key!r}: {what}",
        remedy=f"correct the row in {row.table}.toml",
    )


def name_pairs(pairs: Sequence[FirstPair], hazards: Sequence[Hazard]) -> tuple[NamedPair, ...]:
    """Each pair for each twin; InputError for a hazard that the catalogue does not have.

    A pair of twins is named for A first. The same hazard in both twins comes once.
    """
    known = {str(hazard.id): hazard for hazard in hazards}
    found = []
    for pair in pairs:
        seen: list[set[str]] = []
        for ids in _twins_of(pair, known):
            if set(ids) not in seen:
                seen.append(set(ids))
                found.append(
                    NamedPair(pair=pair, hazards=tuple(_narrow(known[id], pair) for id in ids))
                )
    return tuple(found)


def _twins_of(pair: FirstPair, known: dict[str, Hazard]) -> list[tuple[str, ...]]:
    letters = [("A", "B"), ("B", "A")] if pair.twins == "other" else [("A", "A"), ("B", "B")]
    if pair.twins == "pair":
        letters = [("", "")]
    keys = [key for key in (pair.first, pair.second) if key]
    return [
        tuple(_known(key, letter, pair, known) for key, letter in zip(keys, both, strict=False))
        for both in letters
    ]


def _known(key: str, letter: str, pair: FirstPair, known: dict[str, Hazard]) -> str:
    """The hazard of that key for that twin, or for the room where it has no twin."""
    for name in (f"{key}-{letter}", key):
        if name in known:
            return name
    raise InputError(
        f"first pair {pair.key!r} names hazard {key!r}, which the catalogue does not have",
        remedy="correct the row in first-pairs.toml, or add the hazard to hazards.toml",
    )


def _narrow(hazard: Hazard, pair: FirstPair) -> Hazard:
    """The hazard during the steps of the pair; as it is where they are all."""
    first, last = max(hazard.first_step, pair.steps[0]), min(hazard.last_step, pair.steps[1])
    if first > last:
        raise InputError(
            f"first pair {pair.key!r} is narrowed to steps {pair.steps[0]} to {pair.steps[1]},"
            f" in which hazard {hazard.id} cannot happen",
            remedy="correct the steps in first-pairs.toml",
        )
    return replace(hazard, first_step=first, last_step=last)


def _letters(hazards: Sequence[Hazard]) -> list[str]:
    return [str(h.subject) for h in hazards if h.subject in (Subject.A, Subject.B)]


def answer_pairs(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    pairs: Sequence[FirstPair],
    policy: AnswerPolicy = _RULES,
) -> tuple[PairAnswer, ...]:
    """For each pair and twin: how much of its time is covered, and who goes where at worst."""
    return tuple(_answer(schedule, named, policy) for named in name_pairs(pairs, hazards))


def _answer(schedule: Schedule, named: NamedPair, policy: AnswerPolicy) -> PairAnswer:
    classes = sort_minutes(schedule, named.hazards, policy)
    every = list(range(len(named.hazards)))
    standing = stand(classes, every)
    slack = [slack_of(classes, int(number), every) for number in standing.classes]
    starts = [int(classes.stretch[:-1][classes.of == number][0]) for number in standing.classes]
    worst = min(range(len(slack)), key=lambda n: (slack[n], starts[n]), default=None)
    rows = np.array([as_row(int(n), every) for n in standing.classes], np.int64).reshape(-1, 5)
    number = 0 if worst is None else int(standing.classes[worst])
    return PairAnswer(
        key=named.key,
        hazards=tuple(HazardId(h.id) for h in named.hazards),
        title=_title(named),
        why=named.pair.why,
        source=named.pair.source,
        confidence=named.pair.confidence,
        minutes=int(standing.minutes.sum()),
        covered=int(standing.minutes[standing.empty == 0].sum()),
        thin=int(standing.minutes[standing.thin].sum()),
        gaps=name_gaps(classes, rows[standing.empty > 0], schedule, named.hazards),
        worst=None if worst is None else Minute(starts[worst]),
        slack=0 if worst is None else slack[worst],
        responders=() if worst is None else send(classes, number, every, named.hazards, schedule),
    )


def _title(named: NamedPair) -> str:
    letters = [f"twin {letter}" for letter in _letters(named.hazards)]
    if len(letters) == 2 and letters[0] == letters[1]:
        letters = letters[:1]
    return f"{named.pair.title} ({', '.join(letters)})" if letters else named.pair.title
