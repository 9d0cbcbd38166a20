"""Which series is whose, whether they lie in one frame and grid, and whether values make sense."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from diptych.intake.brief import ROLES, SeriesEntry, TwinEntry
from diptych.intake.registration import GOOD_RESIDUAL_MM, align_series
from diptych.model import Check, InputError, RawSeries, SafetyRefusal, Subject, TwinId
from diptych.model.geometry import Volume

Assigned = tuple[SeriesEntry, RawSeries]
"""What the case file says about a series, and the series with its axes nearest to LPS+."""

FORMATS_AGREE = 0.5
"""Two files of one series may differ by this, HU or MR units: rounding to whole numbers."""


def turn_to_lps(volume: Volume) -> Volume:
    """The same voxels at the same places, with axes reordered to run nearest to +L, +P, +S."""
    axes = np.asarray(volume.affine[:3, :3]) / np.array(volume.spacing)
    order = max(
        permutations(range(3)),
        key=lambda turn: sum(abs(float(axes[row, column])) for row, column in enumerate(turn)),
    )
    flips = [bool(axes[row, column] < 0) for row, column in enumerate(order)]
    if order == (0, 1, 2) and not any(flips):
        return volume
    voxels = np.transpose(volume.voxels, order)
    affine = np.array(volume.affine)[:, [*order, 3]]
    for axis in range(3):
        if flips[axis]:
            affine[:3, 3] += affine[:3, axis] * (voxels.shape[axis] - 1)
            affine[:3, axis] *= -1.0
            voxels = np.flip(voxels, axis)
    return replace(volume, voxels=voxels, affine=affine)


def assign(entries: Sequence[SeriesEntry], series: Sequence[RawSeries]) -> tuple[Assigned, ...]:
    """Each entry of the case file with the one series that it names.

    InputError for an entry without a series, with several, or of the wrong modality.
    """
    return tuple((entry, _turned(_named(entry, series))) for entry in entries)


def _turned(series: RawSeries) -> RawSeries:
    return replace(series, volume=turn_to_lps(series.volume))


def _named(entry: SeriesEntry, series: Sequence[RawSeries]) -> RawSeries:
    found = [raw for raw in series if (raw.name + "/").startswith(entry.path + "/")]
    if len(found) > 1:
        found = [raw for raw in found if raw.role_hint == entry.role]
    if len(found) != 1:
        names = ", ".join(raw.name for raw in series) or "none"
        raise InputError(
            f"series {entry.role} at raw/{entry.path}: {len(found)} series fit, expected one;"
            f" series read: {names}",
            remedy="correct its path in case.toml, or keep one series of each role in the folder",
        )
    modality = found[0].volume.modality
    if modality != ROLES[entry.role]:
        raise InputError(
            f"series {entry.role} at raw/{entry.path} has modality {modality},"
            f" expected {ROLES[entry.role]}",
            remedy="correct its role in case.toml",
        )
    return found[0]


def check_unlisted(entries: Sequence[SeriesEntry], series: Sequence[RawSeries]) -> Iterator[Check]:
    """A failed Check for series that were read but that the case file does not name."""
    paths = [entry.path + "/" for entry in entries]
    spare = [raw.name for raw in series if not any((raw.name + "/").startswith(p) for p in paths)]
    if spare:
        yield Check(
            name="series-listed",
            passed=False,
            detail=f"not named in case.toml and not used: {', '.join(spare)}",
        )


def check_identity(
    assigned: Sequence[Assigned], twins: Mapping[str, TwinEntry]
) -> tuple[Check, ...]:
    """Who is in each series: Patient IDs, the group of patients and the case file must agree.

    SafetyRefusal for two patients in one study, a group that is not of both twins, or a
    series that the case file gives to another twin than the file itself.
    """
    _refuse_mixed_studies(assigned)
    return tuple(check for entry, raw in assigned for check in _check_members(entry, raw, twins))


def _refuse_mixed_studies(assigned: Sequence[Assigned]) -> None:
    patients: dict[str, set[str]] = {}
    for _, raw in assigned:
        for study in raw.study_uids:
            patients.setdefault(study, set()).update(raw.patient_ids)
    for study in sorted(patients):
        if len(patients[study]) > 1:
            names = sorted(raw.name for _, raw in assigned if study in raw.study_uids)
            raise SafetyRefusal(
                f"one study holds {len(patients[study])} different Patient IDs"
                f" (series {', '.join(names)}), expected one group patient for both twins",
                remedy="find out whose images these are and send the joint scan under one group"
                " patient with (0010,0027)",
            )


def _check_members(
    entry: SeriesEntry, raw: RawSeries, twins: Mapping[str, TwinEntry]
) -> Iterator[Check]:
    name = f"members-{entry.role}-{raw.origin}"
    if not raw.group:
        yield Check(
            name=name,
            passed=False,
            detail=f"{raw.name} names no twin; only case.toml says that it shows"
            f" {entry.subject} ({entry.evidence})",
        )
        return
    expected = "AB" if entry.subject is Subject.SHARED else str(entry.subject)
    if len(raw.group) != len(expected):
        raise SafetyRefusal(
            f"{raw.name} names {len(raw.group)} patients, and case.toml says that it shows"
            f" {entry.subject}, so {len(expected)} expected",
            remedy="find out who is in the field and correct the file or case.toml",
        )
    letters = _letters(raw, twins)
    if letters is None:
        yield Check(
            name=name,
            passed=False,
            detail=f"{raw.name} names its patients, but nothing says which Patient ID is A and"
            " which is B; add twins.A.patient_id and twins.B.patient_id",
        )
        return
    if "".join(sorted(letters)) != expected:
        raise SafetyRefusal(
            f"{raw.name} shows {' and '.join(sorted(letters))} by its own account, and"
            f" {entry.subject} by case.toml",
            remedy="find out whose images these are and correct the file or case.toml",
        )
    yield Check(
        name=name, passed=True, detail=f"{raw.name} itself says that it shows {entry.subject}"
    )


def _letters(raw: RawSeries, twins: Mapping[str, TwinEntry]) -> list[str] | None:
    """The twins in the group; None when neither the file nor the case file says."""
    written = {twins[letter].patient_id: letter for letter in sorted(twins, reverse=True)}
    written.pop("", None)
    letters = []
    for member in raw.group:
        by_id = written.get(member.patient_id)
        by_file = str(member.twin) if member.twin else None
        if by_id and by_file and by_id != by_file:
            raise SafetyRefusal(
                f"{raw.name}: the Patient ID that case.toml gives to twin {by_id} is twin"
                f" {by_file} by the file",
                remedy="find out which is right: the twins may have been swapped",
            )
        if written and member.patient_id and not by_id:
            raise SafetyRefusal(
                f"{raw.name} names a patient whose ID is neither twin's in case.toml",
                remedy="find out whose images these are, or correct twins.*.patient_id",
            )
        letters.append(by_id or by_file)
    known = [letter for letter in letters if letter]
    return known if len(known) == len(letters) else None


def join_formats(assigned: Sequence[Assigned]) -> tuple[tuple[Assigned, ...], tuple[Check, ...]]:
    """One series for each role and subject; where DICOM and NIfTI are both given, they must agree.

    Returns the series kept (the DICOM one, which names its patients) and the checks made.
    SafetyRefusal when two formats of one series differ, InputError when one format comes twice.
    """
    kept: dict[tuple[str, str], Assigned] = {}
    checks = []
    for entry, raw in sorted(assigned, key=lambda pair: pair[1].origin):
        key = (entry.role, str(entry.subject))
        if key not in kept:
            kept[key] = (entry, raw)
            continue
        first = kept[key][1]
        if first.origin == raw.origin:
            raise InputError(
                f"series {entry.role} of {entry.subject} is given twice: {first.name} and"
                f" {raw.name}",
                remedy="keep one of them in case.toml",
            )
        checks.append(_compare(entry, first, raw))
    order = list(ROLES)
    chosen = sorted(kept.values(), key=lambda pair: (order.index(pair[0].role), pair[0].subject))
    return tuple(chosen), tuple(checks)


def _compare(entry: SeriesEntry, first: RawSeries, other: RawSeries) -> Check:
    names = f"{first.name} ({first.origin}) and {other.name} ({other.origin})"
    if not first.volume.same_grid(other.volume):
        raise SafetyRefusal(
            f"{names} are given as one series, but differ in frame of reference or grid",
            remedy="find out which of the two is right and remove the other from case.toml",
        )
    apart = _largest_difference(first.volume, other.volume)
    if apart > FORMATS_AGREE:
        raise SafetyRefusal(
            f"{names} are given as one series, but their voxels differ by up to {apart:g}",
            remedy="find out which of the two is right and remove the other from case.toml",
        )
    return Check(
        name=f"formats-agree-{entry.role}",
        passed=True,
        detail=f"{names} have the same geometry and voxels; {first.name} is used",
    )


def _largest_difference(one: Volume, other: Volume) -> float:
    if np.array_equal(one.voxels, other.voxels):
        return 0.0
    return float(np.abs(np.subtract(one.voxels, other.voxels, dtype=np.float64)).max())


def register_others(assigned: Sequence[Assigned]) -> tuple[tuple[Assigned, ...], tuple[Check, ...]]:
    """The series, those that ask for it brought onto the grid of the first; with the residuals.

    Raises InputError when the extra is missing or the registration cannot be trusted.
    """
    if not assigned:
        return (), ()
    first, kept, checks = assigned[0][1], [assigned[0]], []
    for entry, raw in assigned[1:]:
        if not entry.register or raw.volume.same_grid(first.volume):
            kept.append((entry, raw))
            continue
        found = align_series(first.volume, raw.volume)
        kept.append((entry, replace(raw, volume=found.volume)))
        checks.append(
            Check(
                name=f"registered-{entry.role}",
                passed=found.residual <= GOOD_RESIDUAL_MM,
                detail=f"{raw.name} was brought onto {first.name}: moved by {found.shift:.1f} mm"
                f" and {found.turn:.1f} degrees; the searches from both sides leave"
                f" {found.residual:.2f} mm. Look at both laid over each other before use",
            )
        )
    return tuple(kept), tuple(checks)


def check_geometry(assigned: Sequence[Assigned]) -> tuple[Check, ...]:
    """One frame of reference (the UIDs themselves) and one grid, in millimetres."""
    first = assigned[0][1]
    for _, raw in assigned[1:]:
        if raw.volume.frame_of_reference != first.volume.frame_of_reference:
            raise SafetyRefusal(
                f"{first.name} and {raw.name} have different frames of reference",
                remedy=f"if both show the same heads, have {raw.name} registered: register = true"
                " in its [[series]] of case.toml; or give series of one session",
            )
        if not raw.volume.same_grid(first.volume):
            raise SafetyRefusal(
                f"{first.name} ({_grid(first)}) and {raw.name} ({_grid(raw)}) lie on different"
                " grids",
                remedy=f"have {raw.name} registered: register = true in its [[series]] of"
                f" case.toml; or resample it to the grid of {first.name}",
            )
    for _, raw in assigned:
        _refuse_odd_size(raw)
    names = ", ".join(raw.name for _, raw in assigned)
    return (
        Check(name="frame-of-reference", passed=True, detail=f"one frame for {names}"),
        Check(name="same-grid", passed=True, detail=f"{_grid(first)} for {names}"),
    )


def _grid(raw: RawSeries) -> str:
    shape = " x ".join(str(count) for count in raw.volume.shape)
    spacing = " x ".join(f"{step:.2f}" for step in raw.volume.spacing)
    return f"{shape} voxels of {spacing} mm"


def _refuse_odd_size(raw: RawSeries) -> None:
    extent = [n * d for n, d in zip(raw.volume.shape, raw.volume.spacing, strict=True)]
    if min(raw.volume.spacing) < 0.05 or max(raw.volume.spacing) > 10.0 or max(extent) < 30.0:
        raise InputError(
            f"{raw.name}: {_grid(raw)}, expected voxels of 0.05 to 10 mm and at least 30 mm in all",
            remedy="check that lengths are in millimetres and that the series is whole",
        )


def check_values(entry: SeriesEntry, raw: RawSeries) -> Check:
    """Whether voxel values can be HU of a head (CT) or show anything at all (MR)."""
    voxels = raw.volume.voxels
    low, high = float(voxels.min()), float(voxels.max())
    name = f"values-{entry.role}"
    if raw.volume.modality != "CT":
        if not np.isfinite([low, high]).all() or low == high:
            raise InputError(
                f"{raw.name}: all voxels are {low:g}, expected an image", remedy="export it again"
            )
        return Check(name=name, passed=True, detail=f"{raw.name}: {low:g} to {high:g}")
    air, soft, bone = _ct_shares(raw.volume)
    if not (low >= -4096 and high <= 32767 and air > 0.01 and soft > 0.01 and bone > 0.0005):
        raise InputError(
            f"{raw.name}: values {low:g} to {high:g} with {air:.1%} air, {soft:.1%} soft tissue and"
            f" {bone:.1%} bone, expected HU of a head in air",
            remedy="export the series in HU (with rescale slope and intercept applied or stored)",
        )
    return Check(
        name=name,
        passed=True,
        detail=f"{raw.name}: {low:g} to {high:g} HU, {air:.0%} air, {soft:.0%} soft tissue,"
        f" {bone:.1%} bone",
    )


def _ct_shares(volume: Volume) -> tuple[float, float, float]:
    """Shares of voxels below -800 HU (air), -100..150 (soft tissue), above 200 (bone)."""
    voxels = np.asarray(volume.voxels, dtype=np.float32)
    air = np.count_nonzero(voxels < -800)
    soft = np.count_nonzero((voxels > -100) & (voxels < 150))
    bone = np.count_nonzero(voxels > 200)
    return air / voxels.size, soft / voxels.size, bone / voxels.size


def shows(entry: SeriesEntry, twin: TwinId) -> bool:
    """Whether the series has that twin in its field."""
    return entry.subject is Subject.SHARED or str(entry.subject) == str(twin)
