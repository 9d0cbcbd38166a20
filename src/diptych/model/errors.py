"""The error tree. Every message names the thing, its value, what was expected and what to do.

DiptychError                     code "failed", exit 1
 |- UsageError                   code "usage", exit 2: the call itself is wrong
 |- InputError(ValueError)       code "input-refused", exit 3: bad or missing input
 |   `- InputErrors              the same, several faults of one input at once
 |- SafetyRefusal                code "safety-refused", exit 3: identity, frame, laterality
 |- Infeasible                   code "infeasible", exit 4: carries the conflicting rules
 `- EdgeError                    code "edge", exit 1: file, database, engine
"""

from collections.abc import Sequence
from typing import ClassVar


class DiptychError(Exception):
    """Base of all errors that Diptych raises on purpose."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}. What to do: {self.remedy}."


class UsageError(DiptychError):
    """The command or call was not of the expected form."""

    code = "usage"
    exit_code = 2


class InputError(DiptychError, ValueError):
    """An input is missing, unreadable or outside what can be worked with."""

    code = "input-refused"
    exit_code = 3


class InputErrors(InputError):
    """Several faults of one input, all reported at once."""

    def __init__(self, faults: Sequence[InputError], *, subject: str) -> None:
        lines = "; ".join(str(fault) for fault in faults)
        super().__init__(
            f"{subject}: {len(faults)} fault{'s' if len(faults) != 1 else ''}: {lines}",
            remedy="mend each of them and run the same command again",
        )
        self.faults = tuple(faults)


class SafetyRefusal(DiptychError):
    """Identity, frame of reference or laterality is in doubt: we will not go on."""

    code = "safety-refused"
    exit_code = 3


class Infeasible(DiptychError):
    """The demands contradict each other; `conflicts` names the rules in words."""

    code = "infeasible"
    exit_code = 4

    def __init__(self, message: str, *, remedy: str, conflicts: Sequence[str] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.conflicts = tuple(conflicts)


class EdgeError(DiptychError):
    """A file, database or engine failed."""

    code = "edge"
    exit_code = 1
