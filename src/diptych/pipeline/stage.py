"""One part of the plan as the pipeline sees it: what it reads, where it writes, how it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from diptych.model import InputError
from diptych.pipeline.folder import CaseFolder
from diptych.storage.blobs import load_value, save_value
from diptych.tables import SourcedTable, load_table

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a person asked for on the command line.

    corrected : owners were just corrected, and what that changes is to be seen at once
    order : how many hazards at once the proof of cover considers
    """

    seed: int = 1
    days: int = 10_000
    threads: int = 2
    corrected: bool = False
    order: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part: its inputs by name, its place in the case folder, and its work.

    verb : name on the command line; place : folder inside the case
    after : verbs whose outputs it reads; tables : tables it reads
    options : names of the PlanOptions that its result depends on
    policy : section of case.toml's [policy] that it obeys
    rooms : packages whose source decides its result
    facts : further inputs (file hashes, texts) taken from the case folder
    tell : what it found, as one JSON object; None where only the plan tells it
    """

    verb: str
    place: str
    after: tuple[str, ...]
    tables: tuple[str, ...]
    options: tuple[str, ...]
    policy: str
    rooms: tuple[str, ...]
    facts: Callable[[CaseFolder], Mapping[str, object]]
    work: Callable[["Run", Path], None]
    tell: Callable[["Run"], Mapping[str, object]] | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """One command at work on one case: options, what is staged, values already in memory.

    inputs : of each part that is being made; notes : what a person should know, in words
    provisional : what is not final in the result of a part, so that the next plan makes it again
    measured : further figures of the work of a part for effort.jsonl, such as seconds of a step
    """

    folder: CaseFolder
    options: PlanOptions
    policies: Mapping[str, Mapping[str, object]]
    staged: dict[str, Path] = field(default_factory=dict)
    values: dict[tuple[str, str], object] = field(default_factory=dict)
    inputs: dict[str, dict[str, object]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    provisional: dict[str, dict[str, object]] = field(default_factory=dict)
    measured: dict[str, dict[str, float]] = field(default_factory=dict)

    def place(self, place: str) -> Path:
        """Where that derivative is now: staged by this command, or in the case."""
        return self.staged.get(place, self.folder.root / place)

    def keep(self, out: Path, place: str, name: str, value: object) -> None:
        """Writes a value into a derivative folder and remembers it."""
        save_value(out, name, value)
        self.values[place, name] = value

    def load(self, kind: type[Value], place: str, name: str) -> Value:
        """A value of a derivative: from memory, else from its folder."""
        key = (place, name)
        if key not in self.values:
            self.values[key] = load_value(self.place(place), name, kind)
        value = self.values[key]
        assert isinstance(value, kind)
        return value

    def tables(self, names: tuple[str, ...]) -> dict[str, SourcedTable]:
        """Tables with the clinical team's rows laid over them."""
        return {name: load_table(name, self.folder.override(name)) for name in names}


def read_policies(case_tree: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The [policy.*] sections of case.toml; InputError if they are not tables."""
    policies = case_tree.get("policy", {})
    if not isinstance(policies, Mapping) or not all(
        isinstance(section, Mapping) for section in policies.values()
    ):
        raise InputError(
            f"policy in case.toml is {policies!r}, expected sections such as [policy.rehearsal]",
            remedy="write each option under its own [policy.PART]",
        )
    return {str(name): policies[name] for name in sorted(policies)}
