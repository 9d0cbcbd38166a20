"""What is there, whose it is, and how blood leaves each brain. Made by anatomy only."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.model.checks import frozen_copy, require, require_finite
from diptych.model.geometry import Measured, Point, Volume
from diptych.model.ids import NodeId, Owner, TwinId, VesselId
from diptych.model.units import Millilitre, MillilitrePerMinute, Millimetre

NO_BRAIN = Millilitre(0.0)
NO_FLOW = MillilitrePerMinute(0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vessel:
    """One unbranched vessel between two nodes of the network.

    kind : "sinus", "vein" or "artery" (arteries come with arterial contrast)
    name : the field's term where a rule can tell, else "bridging vein n"
    path : (N, 3) float64 centreline, LPS+ mm, from `start` to `end`
    radius : (N,) float64 lumen radius along it, mm
    flow : ml/min along start -> end (negative: the other way), from the network solve
    confidence : 0..1, that it is a vessel and whose it is
    name_confidence : 0..1, that the name is right
    territory : ml of brain whose blood enters it along its course (of an artery: leaves at
        its free end)
    """

    id: VesselId
    name: str
    kind: str
    owner: Owner
    start: NodeId
    end: NodeId
    path: NDArray[np.float64]
    radius: NDArray[np.float64]
    flow: Measured
    confidence: float
    name_confidence: float = 1.0
    territory: Millilitre = NO_BRAIN

    def __post_init__(self) -> None:
        require(
            self.path.ndim == 2 and self.path.shape[1] == 3 and len(self.path) >= 2,
            f"vessel {self.id}: path has shape {self.path.shape}, expected (N, 3) with N >= 2",
            remedy="trace the vessel again",
        )
        require(
            self.radius.shape == (len(self.path),) and bool((self.radius > 0).all()),
            f"vessel {self.id}: radius has shape {self.radius.shape},"
            f" expected ({len(self.path)},) and all above 0 mm",
            remedy="measure the vessel again",
        )
        object.__setattr__(self, "path", frozen_copy(self.path))
        object.__setattr__(self, "radius", frozen_copy(self.radius))

    @property
    def calibre(self) -> Millimetre:
        """Median lumen diameter, mm."""
        return Millimetre(2.0 * float(np.median(self.radius)))

    @property
    def length(self) -> Millimetre:
        """Length of the centreline, mm."""
        steps = (float(np.linalg.norm(b - a)) for a, b in pairwise(self.path))
        return Millimetre(sum(steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselNode:
    """A junction or end of vessels; `root` names the twin whose jugular it drains into.

    pressure : mmHg, from the network solve; None where no root is in reach
    name : the field's term for the meeting place where a rule can tell ("torcular A"), else ""
    name_confidence : 0..1, that the name is right
    inflow : ml/min of the brain's blood that enters here (of arteries: that leaves here)
    """

    id: NodeId
    position: Point
    root: TwinId | None
    pressure: Measured | None = None
    name: str = ""
    name_confidence: float = 1.0
    inflow: MillilitrePerMinute = NO_FLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainageShare:
    """How much of one hemisphere's blood leaves by one root.

    twin, hemisphere : whose brain, and its own "left" or "right" half
    root : node where the blood leaves; outlet : twin whose jugular that is
    outlet_side : that twin's own "left" or "right"
    flow : ml/min; share : 0..1 of all that the hemisphere drains
    """

    twin: TwinId
    hemisphere: str
    root: NodeId
    outlet: TwinId
    outlet_side: str
    flow: Measured
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VesselNetwork:
    """Vessels and their nodes. It may have loops and several roots.

    shares : of each hemisphere's drainage through each jugular; of arteries, of each
        hemisphere's supply from each root in the neck
    """

    nodes: tuple[VesselNode, ...]
    vessels: tuple[Vessel, ...]
    shares: tuple[DrainageShare, ...] = ()

    def __post_init__(self) -> None:
        known = {node.id for node in self.nodes}
        loose = sorted(v.id for v in self.vessels if v.start not in known or v.end not in known)
        require(
            not loose,
            f"vessels {', '.join(loose)} end at nodes that the network does not have",
            remedy="build the network again with every node",
        )

    def crossed(self, twin: TwinId) -> MillilitrePerMinute:
        """ml/min of this twin's blood that leaves by the other twin's jugulars (of arteries:
        that comes from the other twin's neck).
        """
        return MillilitrePerMinute(
            sum(s.flow.value for s in self.shares if s.twin is twin and s.outlet is not twin)
        )

    def vessel(self, id: VesselId) -> Vessel:
        """The vessel of that id; InputError if there is none."""
        found = next((vessel for vessel in self.vessels if vessel.id == id), None)
        require(
            found is not None,
            f"no vessel {id!r}; known: {', '.join(v.id for v in self.vessels)}",
            remedy="use one of the ids in the table of vessels",
        )
        assert found is not None
        return found


NO_VESSELS = VesselNetwork(nodes=(), vessels=())


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinAxes:
    """Directions of one twin's head as unit vectors in LPS+ axes.

    long : from skull base to vertex (normal of the Frankfurt plane)
    facing : from the back of the head to the face
    left : towards the twin's own left
    uncertainty : standard deviation of each direction, degrees
    method : how they were found
    """

    twin: TwinId
    long: Point
    facing: Point
    left: Point
    uncertainty: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The class by the decision table of Stone & Goodrich 2006 (doi:10.1093/brain/awl065).

    label : "PA", "PV", "TA", "TV-I", "TV-II" or "TV-III"
    oconnell : class by O'Connell 1976 ("partial", "total I" ...), "" when not judged
    winston : deepest shared structure, "A" scalp to "D" brain, "" when not judged
    long_axis_angle, rotation : degrees
    margins : distance of each figure to each limit of the table, degrees
        (keys such as "long_axis_angle-140"); positive on the side of the class given
    ambiguous : a figure lies within 10 degrees of a limit that would change the class
    """

    label: str
    shared_sinus: bool
    shared_sinus_evidence: str
    long_axis_angle: Measured
    rotation: Measured
    margins: Mapping[str, float]
    ambiguous: bool
    reasons: tuple[str, ...]
    oconnell: str = ""
    winston: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerSeed:
    """A ball of tissue that a person gives to A, B or both (SHARED); LPS+ mm.

    With its centre in a vessel it speaks of that vessel, else of the tissue in the ball.
    """

    position: Point
    radius: Millimetre
    owner: Owner

    def __post_init__(self) -> None:
        for axis, value in zip("LPS", self.position, strict=True):
            require_finite(f"seed: {axis}", value)
        require_finite("seed: radius", self.radius, low=0.1)
        require(
            self.owner in (Owner.A, Owner.B, Owner.SHARED),
            f"seed at {self.position} has owner {self.owner.name}, expected A, B or SHARED",
            remedy="say whose the tissue is: A, B or shared",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrections:
    """What a person says about owners. It outranks the images.

    seeds : balls; painted : volumes on the case's grid, 0 nothing said, 1 A, 2 B, 3 shared
    Where two contradict each other, the later painted volume wins, and seeds over paint.
    """

    seeds: tuple[OwnerSeed, ...] = ()
    painted: tuple[Volume, ...] = ()

    def __post_init__(self) -> None:
        for volume in self.painted:
            codes = np.unique(volume.voxels).tolist()
            require(
                all(code in (0, 1, 2, 3) for code in codes),
                f"painted owners {volume.source!r} hold the values"
                f" {', '.join(f'{code:g}' for code in codes[:8])}, expected 0, 1, 2, 3",
                remedy="paint 1 for A, 2 for B, 3 for shared, 0 elsewhere",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whether the pair is one that Diptych can plan for, and what follows.

    craniopagus : joined by the calvaria alone; None when the images cannot say
    findings : what was seen that limits the work, in words
    possible, impossible : what can and what cannot be computed from these images
    """

    craniopagus: bool | None
    findings: tuple[str, ...]
    possible: tuple[str, ...]
    impossible: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anatomy:
    """Tissues, owners, vessels, axes and class of one case.

    tissues : Volume of `Tissue` codes, uint8
    ownership : Volume of `Owner` codes, uint8, on the same grid; NOBODY exactly where air
    confidence : Volume uint8 0..100, how sure the owner of each voxel is
    measures : further figures by name ("fused-area-skin", "brain-volume-A", ...)
    notes : doubts and shortcuts, in words, shown in the dossier
    scope : whether this is craniopagus, and what the images allow; None when not judged
    tissue_confidence : Volume uint8 0..100, how sure the tissue of each voxel is
    vessels : sinuses and veins; where the images cannot tell arteries apart, these too
    arteries : arteries alone, empty where no series shows them apart; plans allocate none
    """

    tissues: Volume
    ownership: Volume
    confidence: Volume
    vessels: VesselNetwork
    axes: tuple[TwinAxes, TwinAxes]
    classification: Classification
    measures: Mapping[str, Measured]
    notes: tuple[str, ...]
    scope: Scope | None = None
    tissue_confidence: Volume | None = None
    arteries: VesselNetwork = NO_VESSELS

    def __post_init__(self) -> None:
        for name, volume in (
            ("ownership", self.ownership),
            ("confidence", self.confidence),
            ("tissue_confidence", self.tissue_confidence),
        ):
            require(
                volume is None or volume.same_grid(self.tissues),
                f"{name} is not on the grid of the tissues",
                remedy="map the anatomy again from one case",
            )
        codes = set(np.unique(self.ownership.voxels).tolist())
        require(
            codes <= {int(owner) for owner in Owner},
            f"ownership holds codes {sorted(codes)}, expected 0..4",
            remedy="map the anatomy again",
        )
