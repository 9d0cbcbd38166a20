"""Gathers what intake finds, so that every fault is told at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from diptych.model import Check, InputError, InputErrors, SafetyRefusal

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Faults of the input, refusals for safety, and checks made, in the order of finding."""

    faults: list[InputError] = field(default_factory=list)
    refusals: list[SafetyRefusal] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def attempt(self, work: Callable[[], Value]) -> Value | None:
        """The result of the work, or None when it raised an error, which is kept."""
        try:
            return work()
        except InputErrors as error:
            self.faults.extend(error.faults)
        except InputError as error:
            self.faults.append(error)
        except SafetyRefusal as error:
            self.refusals.append(error)
        return None

    def add_checks(self, work: Callable[[], Iterable[Check]]) -> None:
        """Keeps the checks that the work makes, or the error that it raises."""
        self.checks.extend(self.attempt(lambda: tuple(work())) or ())

    def conclude(self, subject: str) -> None:
        """Raises what was found: a SafetyRefusal before all else, then InputErrors."""
        if not self.refusals:
            if self.faults:
                raise InputErrors(self.faults, subject=subject)
            return
        rest = f"; and {len(self.faults)} other faults" if self.faults else ""
        rest += "".join(f"; {fault.message}" for fault in self.faults)
        raise SafetyRefusal(
            f"{subject}: {'; '.join(refusal.message for refusal in self.refusals)}{rest}",
            remedy="; ".join(
                dict.fromkeys(error.remedy for error in [*self.refusals, *self.faults])
            ),
        )
