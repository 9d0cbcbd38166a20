"""The list of drills to print: what to rehearse, in which order, with room to tick it off."""

from collections.abc import Sequence

from diptych.model import Coverage, Dossier, Drill, Paragraph, Schedule, Section
from diptych.report.blocks import table
from diptych.report.fingerprint import name_values
from diptych.report.readiness import sign_words
from diptych.report.shortages import Roll
from diptych.report.words import tell_length, tell_share

ROWS_TO_A_PAGE = 16
WORDS = (
    "In order of risk (chance in an operation times gravity, of pairs both chances) times thinness"
    " (share of its minutes without cover, or with one way only). Rehearse with the people named"
    " on the response cards."
)


def write_drills(
    drills: Sequence[Drill], coverage: Coverage, schedule: Schedule, banner: str = ""
) -> Dossier:
    """Pages of the drills in their order."""
    roll = Roll(schedule, coverage.hazards)
    values = name_values(coverage=coverage, schedule=schedule)
    cuts = range(0, len(drills), ROWS_TO_A_PAGE)
    return Dossier(
        title="Drills",
        banner=banner,
        sections=tuple(_page(drills, cut, len(cuts), roll) for cut in cuts),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def _page(drills: Sequence[Drill], cut: int, pages: int, roll: Roll) -> Section:
    number = cut // ROWS_TO_A_PAGE + 1
    rows = [
        (
            str(n),
            sign_words(drill.title),
            tell_share(drill.thinness),
            tell_length(drill.gap_minutes),
            tell_length(drill.thin_minutes),
            _needs(drill, roll),
            "☐",
            "\u00a0" * 22,
        )
        for n, drill in enumerate(drills[cut : cut + ROWS_TO_A_PAGE], start=cut + 1)
    ]
    headings = (
        "No.",
        "Drill",
        "Thin",
        "Not covered",
        "One way only",
        "Who takes part",
        "Done",
        "On, led by",
    )
    return Section(
        id=f"drills-{number}",
        title="What to rehearse" + (f" ({number} of {pages})" if pages > 1 else ""),
        blocks=(Paragraph(text=WORDS), table("Drills", headings, rows)),
    )


def _needs(drill: Drill, roll: Roll) -> str:
    """How many people of which skills the responses ask for together."""
    asked: dict[str, int] = {}
    for id in drill.hazards:
        for demand in roll.hazards[id].response.demands if id in roll.hazards else ():
            skill = str(demand.skill).replace("-", " ")
            asked[skill] = asked.get(skill, 0) + demand.count
    return ", ".join(f"{count} {skill}" for skill, count in asked.items())
