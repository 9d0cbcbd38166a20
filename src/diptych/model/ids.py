"""The names of things: twins, subjects and the identifiers that values refer to each other by."""

from enum import IntEnum, StrEnum
from typing import NewType

CaseId = NewType("CaseId", str)
VesselId = NewType("VesselId", str)
NodeId = NewType("NodeId", str)
PlanId = NewType("PlanId", str)
TaskId = NewType("TaskId", str)
RoleId = NewType("RoleId", str)
SkillId = NewType("SkillId", str)
StaffId = NewType("StaffId", str)
ZoneId = NewType("ZoneId", str)
EquipmentId = NewType("EquipmentId", str)
HazardId = NewType("HazardId", str)
MilestoneId = NewType("MilestoneId", str)


class TwinId(StrEnum):
    """One of the two patients. Fixed at intake; a name is never a key."""

    A = "A"
    B = "B"

    @property
    def other(self) -> "TwinId":
        """The other twin."""
        return TwinId.B if self is TwinId.A else TwinId.A


class Subject(StrEnum):
    """Whom an event, a task or a series concerns. There is no default."""

    A = "A"
    B = "B"
    BOTH = "BOTH"
    SHARED = "SHARED"
    TEAM = "TEAM"


class Owner(IntEnum):
    """Whose a voxel or a vessel is; the code stored in ownership volumes."""

    NOBODY = 0
    A = 1
    B = 2
    SHARED = 3
    UNKNOWN = 4

    @property
    def mirrored(self) -> "Owner":
        """The owner when the labels of the twins are swapped."""
        return {Owner.A: Owner.B, Owner.B: Owner.A}.get(self, self)

    @classmethod
    def of(cls, twin: TwinId) -> "Owner":
        """The owner code of a twin."""
        return cls.A if twin is TwinId.A else cls.B


class Tissue(IntEnum):
    """What a voxel is; the code stored in tissue volumes."""

    AIR = 0
    SKIN = 1
    BONE = 2
    DURA = 3
    CSF = 4
    BRAIN = 5
    VESSEL = 6


class Confidence(StrEnum):
    """How well a number is supported by its source."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    ASSUMPTION = "assumption"
