"""The cover of the next hour as the board says it."""

from dataclasses import dataclass

from diptych.model import Minute, SetGap, Subject
from diptych.pipeline.lookout import MINUTES, Ahead, Shortage, tell_free
from diptych.pipeline.theatre_day import TheatreDay
from diptych.web.words import Dial, Sign, sign_of

SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """One hazard with the sign of its twin."""

    sign: Sign
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One shortage: when, which hazards, what is missing, for what else the same ones are few."""

    when: str
    dangers: tuple[Danger, ...]
    missing: str
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The strip over the board.

    verdict : one sentence
    alone, pairs : single hazards and pairs that cannot be answered, the worst first
    further : how many pairs are not shown; empty when all are
    """

    span: str
    verdict: str
    alone: tuple[Notice, ...] = ()
    pairs: tuple[Notice, ...] = ()
    further: str = ""


def build_strip(day: TheatreDay, dial: Dial) -> Strip | None:
    """The strip; None where nothing is proved, or nothing can strike in the next hour."""
    if not day.watched or day.board().opened is None:
        return None
    ahead = day.ahead(dial.minute)
    if ahead is None:
        return _waiting(dial) if day.watched else None
    if not ahead.outlook.counts[0].combinations:
        return None
    alone = [each for each in ahead.shortages if len(each.worst.hazards) == 1]
    pairs = [each for each in ahead.shortages if len(each.worst.hazards) > 1]
    rest = len(pairs) - SHOWN
    return Strip(
        span=_span(dial, ahead.outlook.start, ahead.outlook.end),
        verdict=_judge(ahead),
        alone=tuple(_warn(ahead, each, dial) for each in alone),
        pairs=tuple(_warn(ahead, each, dial) for each in pairs[:SHOWN]),
        further=f"{rest} more of the kind: see the gaps in words of the dossier"
        if rest > 0
        else "",
    )


def _waiting(dial: Dial) -> Strip:
    return Strip(span=_span(dial, dial.minute, dial.minute + MINUTES), verdict="being worked out")


def _span(dial: Dial, start: int, end: int) -> str:
    return f"{dial.reading(Minute(start))} to {dial.reading(Minute(end))}"


def _judge(ahead: Ahead) -> str:
    """How many single hazards and pairs cannot be answered at some minute of the hour."""
    alone = len({gap.hazards for gap in ahead.outlook.gaps if len(gap.hazards) == 1})
    pairs = len({gap.hazards for gap in ahead.outlook.gaps if len(gap.hazards) == 2})
    if not alone and not pairs:
        return "every hazard is covered, and every two at once"
    one = f"{_count(alone, 'hazard')} NOT covered" if alone else "every single hazard is covered"
    two = f"{_count(pairs, 'pair')} not" if pairs else "and every two of the others at once"
    return f"{one}, {two}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''}"


def _warn(ahead: Ahead, shortage: Shortage, dial: Dial) -> Notice:
    gap, roll = shortage.worst, ahead.roll
    others = len(shortage.gaps) - 1
    return Notice(
        when=_span(dial, *gap.spans[0]) + (" and later" if len(gap.spans) > 1 else ""),
        dangers=tuple(
            Danger(sign=sign_of(roll.hazards[id].subject), title=_title(ahead, gap, n))
            for n, id in enumerate(gap.hazards)
        ),
        missing=f"{gap.missing}.{tell_free(gap, roll)}",
        more=f"{_count(others, 'pair')} more with the same ones" if others else "",
    )


def _title(ahead: Ahead, gap: SetGap, place: int) -> str:
    """The title without the twin, whom the sign beside it names."""
    hazard = ahead.roll.hazards[gap.hazards[place]]
    if hazard.subject not in (Subject.A, Subject.B):
        return hazard.title
    return hazard.title.removesuffix(f" of twin {hazard.subject}")
