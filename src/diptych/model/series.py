"""A series as it came from a file, before intake has decided whose it is. Made by formats."""

from dataclasses import dataclass

from diptych.model.geometry import Volume
from diptych.model.ids import TwinId


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """One patient of a group of imaging subjects (DICOM (0010,0027)).

    patient_id : opaque identifier as sent; never shown in logs
    twin : the letter that the file gives, if it gives one
    position : Subject Relative Position in Image (0010,0028), empty when not given
    """

    patient_id: str
    twin: TwinId | None
    position: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawSeries:
    """Voxels with the header facts that intake judges.

    origin : "nifti" or "dicom"; name : file or folder name inside raw/, for messages
    role_hint : role guessed from the header ("ct", "ctv", "mr", "mrv", "cta", "mra") or ""
    patient_ids : every distinct Patient ID found in the files (empty for NIfTI)
    study_uids : every distinct Study Instance UID
    group : members of the group of patients, empty when the file names none
    sha256 : hash over the file(s), in sorted order of name
    labels : for label maps that name their labels (DICOM SEG): number and name of each
    """

    origin: str
    name: str
    role_hint: str
    volume: Volume
    patient_ids: tuple[str, ...]
    study_uids: tuple[str, ...]
    group: tuple[GroupMember, ...]
    sha256: str
    labels: tuple[tuple[int, str], ...] = ()
