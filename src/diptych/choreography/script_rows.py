"""One row of a procedure file, read field by field; a fault names its place and is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from diptych.model import Confidence, Demand, Duration, InputError, Minute, SkillId

AS_WRITTEN = "as-written"
"""Confidence of a source text that says itself how sure it is."""
_MOST_NAMED = 12


def suggest(name: str, known: Collection[str]) -> str:
    """What a person may have meant by a name that nobody knows, in words."""
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}"
    listed = sorted(known)[:_MOST_NAMED]
    return f"there are {', '.join(listed)}" if listed else "there are none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A row at its place ("step 12 'liver-division'"); every wrong field is added to `faults`.

    known : kind ("skill", "zone", "equipment", "step") -> names that may be used
    seen : fields asked for so far, so that `close` can tell those that nobody knows
    """

    place: str
    fields: Mapping[str, object]
    faults: list[InputError]
    known: dict[str, Collection[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def fault(self, message: str, remedy: str) -> None:
        """Keep a fault of this row."""
        self.faults.append(InputError(f"{self.place}: {message}", remedy=remedy))

    def part(self, name: str, fields: Mapping[str, object]) -> "Page":
        """A table inside this row, with a place of its own."""
        return replace(self, place=f"{self.place}, {name}", fields=fields, seen=set())

    def get(self, name: str) -> object:
        """The field as it was written, or None."""
        self.seen.add(name)
        return self.fields.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; absent, the default; None as default: it must be there."""
        value = self.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None or default is None:
            self._wrong(name, value, "text")
        return default or ""

    def integer(self, name: str, default: int | None = None, *, low: int | None = None) -> int:
        """A whole number of at least `low`; absent, the default."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not isinstance(value, int) or not whole or (low is not None and value < low):
            least = "" if low is None else f" of at least {low}"
            self._wrong(name, value, f"a whole number{least}")
            return default or low or 0
        return value

    def truth(self, name: str, default: bool) -> bool:
        """True or false; absent, the default."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._wrong(name, value, "true or false")
            return default
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; absent, an empty one."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            self._wrong(name, value, "a list of texts")
            return ()
        return tuple(value)

    def table(self, name: str) -> Mapping[str, object]:
        """A table of names; absent, an empty one."""
        value = self.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._wrong(name, value, "a table of names")
            return {}
        return value

    def rows(self, name: str) -> list[Mapping[str, object]]:
        """A list of tables; absent, an empty one."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            self._wrong(name, value, f"[[{name}]] entries")
            return []
        return value

    def counts(self, name: str, kind: str) -> dict[str, int]:
        """Names of that kind with how many of each; names that nobody knows are faults."""
        found = {}
        for key, value in self.table(name).items():
            self.require_known(kind, key)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                self._wrong(f"{name}.{key}", value, "a whole number of at least 0")
            else:
                found[key] = value
        return found

    def require_known(self, kind: str, name: str) -> None:
        """A fault unless the name is one of that kind."""
        known = self.known.get(kind, ())
        if name not in known:
            self.fault(
                f"{kind} {name!r} is unknown, {suggest(name, known)}",
                f"correct the name, or add a [[{kind}]] row for it",
            )

    def choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """One of the words; absent, the default; None as default: it must be there."""
        value = self.text(name, default)
        if value and value not in choices:
            self.fault(f"{name} is {value!r}, {suggest(value, choices)}", f"correct {name}")
            return default or next(iter(choices))
        return value or next(iter(choices))

    def source(self) -> str:
        """Source and confidence, as the row's value carries them; a fault without a source."""
        value = self.get("source")
        if not isinstance(value, str) or not value.strip():
            self.fault(
                "no source",
                "say where the row's numbers come from, or source = 'assumption: why' with"
                " confidence = 'assumption'",
            )
        words = (*(word.value for word in Confidence), AS_WRITTEN)
        confidence = self.choice("confidence", words)
        return str(value) if confidence == AS_WRITTEN else f"{value} ({confidence})"

    def close(self) -> None:
        """A fault for each field that nobody asked for."""
        for name in sorted(set(self.fields) - self.seen):
            self.fault(
                f"field {name!r} is unknown, {suggest(name, self.seen)}",
                "correct the field's name or take it out",
            )

    def _wrong(self, name: str, value: object, expected: str) -> None:
        found = "missing" if value is None else repr(value)
        self.fault(f"{name} is {found}, expected {expected}", f"correct {name}")


def read_duration(page: Page, quantile: float | None) -> Duration:
    """Least, most likely, most and planned minutes; `minutes` alone for a fixed length.

    Without `planned` the most likely length is planned, or the file's quantile of the
    three-point distribution.
    """
    from diptych.choreography.steps import three_point

    if "minutes" in page.fields:
        low = mode = high = page.integer("minutes", low=0)
    else:
        low, mode, high = (page.integer(name, low=0) for name in ("low", "mode", "high"))
    if not low <= mode <= high:
        page.fault(
            f"low, mode, high are {low}, {mode}, {high}, expected low <= mode <= high",
            "correct the three lengths",
        )
        low = high = mode
    plan = mode if quantile is None else three_point(low, mode, high, quantile)
    planned = page.integer("planned", plan, low=0)
    if not low <= planned <= high:
        page.fault(f"planned is {planned}, expected {low} to {high}", "correct planned")
        planned = plan
    lengths = (Minute(low), Minute(mode), Minute(high), Minute(planned))
    return Duration(low=lengths[0], mode=lengths[1], high=lengths[2], planned=lengths[3])


def read_demands(page: Page) -> tuple[Demand, ...]:
    """Who is asked for: skill = number, or skill = { count, grade, leader }, or a list of these."""
    value = page.get("demands")
    if isinstance(value, Mapping):
        rows = [(str(skill), wanted) for skill, wanted in value.items()]
    elif value is None or isinstance(value, list):
        rows = [(str(entry.get("skill", "")), entry) for entry in page.rows("demands")]
    else:
        rows = []
        page.fault(f"demands is {value!r}, expected skills with numbers", "write skill = number")
    demands = [_read_demand(page, skill, wanted) for skill, wanted in rows]
    return tuple(demand for demand in demands if demand.count)


def _read_demand(page: Page, skill: str, wanted: object) -> Demand:
    page.require_known("skill", skill)
    fields = wanted if isinstance(wanted, Mapping) else {"count": wanted}
    part = page.part(f"demand {skill!r}", {**fields, "skill": skill})
    part.get("skill")
    demand = Demand(
        skill=SkillId(skill),
        count=part.integer("count", low=0),
        grade=part.integer("grade", 0, low=0),
        leader=part.integer("leader", 0, low=0),
    )
    part.close()
    return demand
