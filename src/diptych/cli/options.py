"""Arguments and options that several verbs share, described once."""

from pathlib import Path
from typing import Annotated

import typer

CaseArgument = Annotated[Path, typer.Argument(metavar="CASE", help="The case folder.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one machine-readable object on stdout.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random stream.")]
DaysOption = Annotated[
    int, typer.Option("--days", min=100, max=10_000_000, help="Days to simulate in the rehearsal.")
]
ThreadsOption = Annotated[
    int,
    typer.Option("--threads", min=1, help="Threads to use; the results are the same for any."),
]
CoverOption = Annotated[
    int | None,
    typer.Option(
        "--cover",
        min=0,
        max=3,
        metavar="N",
        help="Cover every set of up to N hazards at every minute, with the smallest reserve;"
        " kept in the case. 0 takes the wish back.",
    ),
]
OrderOption = Annotated[
    int,
    typer.Option("--order", min=1, max=4, help="How many hazards at once to prove cover for."),
]
OwnersOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--seeds",
        metavar="FILE",
        help="Owners as people see them: a label NIfTI on the case's grid (1 A, 2 B, 3 shared),"
        " or points with radius and owner in TOML or CSV. Kept in CASE/corrections.",
    ),
]
PreferOption = Annotated[
    str | None,
    typer.Option(
        "--prefer",
        metavar="WHICH",
        help="The plan to propose: balanced, A (kinder to A) or B.",
    ),
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="TWIN:VESSEL",
        help="A vessel that a twin must keep, by id or name, such as A:V003. May be repeated.",
    ),
]
SplitOption = Annotated[
    list[str] | None,
    typer.Option("--split", metavar="VESSEL", help="A vessel to divide lengthwise between both."),
]
StagesOption = Annotated[
    int | None,
    typer.Option("--stages", min=1, max=5, help="In how many operations to divide the vessels."),
]
NeverCutOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--never-cut",
        metavar="FILE",
        help="Tissue that must stay whole: a NIfTI on the case's grid, painted where it is, or"
        " balls in TOML. Kept in the case.",
    ),
]
ForgetOption = Annotated[
    bool,
    typer.Option("--forget", help="First take away all demands that the case holds."),
]
WhatIfOption = Annotated[
    bool,
    typer.Option(
        "--what-if",
        help="Only ask what the demands would come to, beside the plan that stands; the case"
        " keeps nothing of it.",
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="Tissues labelled elsewhere: a NIfTI file, a DICOM SEG or an output folder of"
        " TotalSegmentator. Kept in CASE/labels; none takes them away.",
    ),
]
LabelTableOption = Annotated[
    Path | None,
    typer.Option(
        "--label-table", metavar="FILE", help="Names of the labels of a NIfTI: a BIDS dseg.tsv."
    ),
]
AtOption = Annotated[
    str,
    typer.Option("--at", metavar="TIME", help="Now: 14:10, 02:30+1 after midnight, or a minute."),
]
DelayOption = Annotated[
    list[str] | None,
    typer.Option("--delay", metavar="TASK=MIN", help="A task takes so much longer. Repeatable."),
]
LateOption = Annotated[
    list[str] | None,
    typer.Option("--late", metavar="TASK=MIN", help="A task begins so much later. Repeatable."),
]
FinishedOption = Annotated[
    list[str] | None,
    typer.Option("--finished", metavar="TASK=TIME", help="A task ended then, early or late."),
]
AbsentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--absent",
        metavar="STAFF[=FROM-TO]",
        help="A person cannot be asked, from now to the end of their hours or from-to.",
    ),
]
BrokenOption = Annotated[
    list[str] | None,
    typer.Option("--broken", metavar="KIT[=N]", help="Kit that cannot be used any more today."),
]
HazardOption = Annotated[
    list[str] | None,
    typer.Option("--hazard", metavar="ID", help="A hazard strikes now; see diptych list hazards."),
]
StopAfterOption = Annotated[
    str | None,
    typer.Option(
        "--stop-after", metavar="TASK", help="The stage stops after this task; closing follows."
    ),
]
TakeOption = Annotated[
    str | None,
    typer.Option(
        "--take",
        metavar="WAY",
        help="Keep one way in CASE/derivatives/replans: least, earliest or reserve.",
    ),
]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, errors only.")]
VerboseOption = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more; show the traceback of an error.")
]
