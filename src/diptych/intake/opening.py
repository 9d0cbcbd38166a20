"""Makes the Case, or says everything that stands against it."""

from collections.abc import Sequence
from functools import partial

from diptych.intake.brief import CaseFile
from diptych.intake.findings import Findings
from diptych.intake.identity import check_text, compare_labels
from diptych.intake.landmarks import check_landmarks, refuse_shared_landmarks
from diptych.intake.series import (
    Assigned,
    assign,
    check_geometry,
    check_identity,
    check_unlisted,
    check_values,
    join_formats,
    register_others,
    shows,
)
from diptych.model import (
    Brief,
    Case,
    CaseId,
    Check,
    InputError,
    Kilogram,
    RawSeries,
    Series,
    Twin,
    TwinId,
)
from diptych.tables import SourcedTable, load_table


def open_case(
    file: CaseFile, series: Sequence[RawSeries], *, growth: SourcedTable | None = None
) -> Case:
    """The case that the file and the series describe, with every check that was made.

    All volumes of the result have their axes nearest to +L, +P, +S. `growth` is the table
    whose row "twin-weight" bounds a plausible weight. Raises SafetyRefusal when identity,
    frame of reference or laterality is in doubt, else InputErrors with all faults.
    """
    found = Findings()
    twins = _twins(file, found, growth or load_table("growth"))
    brief = found.attempt(lambda: _brief(file, found))
    kept = _series(file, series, found)
    for twin in twins:
        volumes = [raw.volume for entry, raw in kept if shows(entry, twin.id)]
        found.add_checks(partial(check_landmarks, twin.id, twin.landmarks, volumes))
    if len(twins) == 2:
        found.attempt(lambda: refuse_shared_landmarks(twins[0].landmarks, twins[1].landmarks))
    found.conclude(f"case {file.id}")
    assert brief is not None and len(twins) == 2
    return Case(
        id=CaseId(file.id),
        twins=(twins[0], twins[1]),
        volumes=tuple(_shown(entry_raw) for entry_raw in kept),
        brief=brief,
        checks=tuple(found.checks),
    )


def _shown(assigned: Assigned) -> Series:
    entry, raw = assigned
    return Series(
        role=entry.role, subject=entry.subject, evidence=entry.evidence, volume=raw.volume
    )


def _twins(file: CaseFile, found: Findings, growth: SourcedTable) -> list[Twin]:
    if sorted(file.twins) != ["A", "B"]:
        found.faults.append(
            InputError(
                f"case.toml describes {' and '.join(sorted(file.twins)) or 'no twin'},"
                " expected exactly the twins A and B",
                remedy="describe both twins, as [twins.A] and [twins.B]",
            )
        )
        return []
    made = [found.attempt(partial(_twin, file, letter, growth)) for letter in TwinId]
    labels = [file.twins[letter].label for letter in ("A", "B")]
    found.add_checks(lambda: [compare_labels(*labels)])
    return [twin for twin in made if twin is not None]


def _twin(file: CaseFile, letter: TwinId, growth: SourcedTable) -> Twin:
    entry = file.twins[letter.value]
    check_text(f"twins.{letter}.label", entry.label)
    bounds = growth.number("twin-weight")
    if entry.weight_kg is not None and not bounds.low <= entry.weight_kg <= bounds.high:
        raise InputError(
            f"twins.{letter}.weight_kg is {entry.weight_kg:g}, expected {bounds.low:g} to"
            f" {bounds.high:g} kg",
            remedy=f"give the weight of twin {letter} alone, in kilograms",
        )
    return Twin(
        id=letter,
        label=entry.label,
        sex=entry.sex,
        weight=None if entry.weight_kg is None else Kilogram(entry.weight_kg),
        landmarks=entry.landmarks,
    )


def _brief(file: CaseFile, found: Findings) -> Brief:
    if file.earliest_operation < file.imaged:
        raise InputError(
            f"earliest operation {file.earliest_operation} is before the scan of {file.imaged}",
            remedy="correct dates.earliest_operation or dates.imaged in case.toml",
        )
    brief = Brief(
        born=file.born,
        imaged=file.imaged,
        earliest_operation=file.earliest_operation,
        latest_operation=file.latest_operation,
        hemisphere=file.hemisphere,
        made_from=file.made_from,
        notes=file.notes,
    )
    found.checks.append(
        Check(
            name="dates",
            passed=True,
            detail=f"born {file.born}, imaged {file.imaged}, operation from"
            f" {file.earliest_operation} to {file.latest_operation}",
        )
    )
    return brief


def _series(file: CaseFile, series: Sequence[RawSeries], found: Findings) -> tuple[Assigned, ...]:
    """The series to use, after every check on them; empty when they cannot be told apart."""
    if not file.series:
        found.faults.append(
            InputError(
                "case.toml names no [[series]], expected at least one",
                remedy="add one with: diptych intake CASE SOURCE",
            )
        )
        return ()
    assigned: list[Assigned] = []
    for entry in file.series:
        assigned.extend(found.attempt(partial(assign, [entry], series)) or ())
    found.add_checks(lambda: check_unlisted(file.series, series))
    if sorted(file.twins) == ["A", "B"]:
        found.add_checks(lambda: check_identity(assigned, file.twins))
    joined, agreed = found.attempt(lambda: join_formats(assigned)) or ((), ())
    kept, brought = found.attempt(lambda: register_others(joined)) or ((), ())
    found.checks.extend((*agreed, *brought))
    if kept:
        found.add_checks(lambda: check_geometry(kept))
    for entry, raw in kept:
        check = found.attempt(partial(check_values, entry, raw))
        found.checks.extend([check] if check else [])
    return kept
