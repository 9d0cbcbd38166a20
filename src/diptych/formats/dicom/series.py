"""What a DICOM series says about the pair, and the door through which folders are read."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from diptych.formats.sandbox import Limits, Source, read_sources
from diptych.model import GroupMember, InputError, RawSeries

ISSUER = "DIPTYCH"
"""Issuer of the Patient IDs that Diptych makes itself; the last letter of those names the twin."""
WRITTEN_ROLES = ("ct", "ctv", "cta", "mr", "mrv")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLabel:
    r"""Who is in the field and what the series is.

    pair_id : Patient ID of the group of both twins
    twins : the two members, A first; a Patient ID each, and the position in the image
        (0010,0028), which defaults to 1\1\1 and 1\1\2
    role : "ct", "ctv" (contrast in the veins), "cta" (in the arteries), "mr" (T1) or "mrv"
    description : series description
    comment : sentence stored as image comment, such as what the voxels were made from
    number : series number in the study
    """

    pair_id: str
    twins: tuple[GroupMember, GroupMember]
    role: str
    description: str
    comment: str = ""
    number: int = 1

    def __post_init__(self) -> None:
        ids = [self.pair_id, *(member.patient_id for member in self.twins)]
        if len(set(ids)) != 3 or not all(0 < len(text) <= 64 for text in ids):
            raise InputError(
                "the Patient IDs of the pair and of both twins are not three different texts"
                " of 1 to 64 characters",
                remedy="give the pair and each twin an identifier of its own",
            )
        if self.role not in WRITTEN_ROLES:
            raise InputError(
                f"series role is {self.role!r}, expected one of {', '.join(WRITTEN_ROLES)}",
                remedy="write other modalities as NIfTI",
            )


def read_series(
    folder: Path, *, name: str = "", limits: Limits | None = None
) -> tuple[RawSeries, ...]:
    """Every series in a folder of DICOM files, parsed in a child process.

    Slices are put in order by the projection of their position, never by their number.
    Raises InputError (gap, duplicate slice, unreadable file, unknown transfer syntax) or
    SafetyRefusal (two patients in one study, mixed frames of reference, gantry tilt).
    """
    return read_sources([Source(path=folder, name=name)], limits)


def uid_from(*parts: str | bytes) -> str:
    """A UID below 2.25 made from the content of the parts: same content, same UID."""
    digest = sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return f"2.25.{int.from_bytes(digest.digest()[:16], 'big')}"
