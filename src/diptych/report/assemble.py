"""Puts sections and figures together: inputs in, Dossier out."""

from diptych.model import Dossier, Section
from diptych.report.allhazards import write_all_hazards
from diptych.report.clips import draw_clips
from diptych.report.crewchart import draw_crew
from diptych.report.crossings import draw_crossings
from diptych.report.currents import draw_arteries, draw_flow
from diptych.report.curve import draw_window
from diptych.report.drainage import draw_drainage
from diptych.report.frontier import draw_front
from diptych.report.gantt import draw_gantt
from diptych.report.grounds import write_doubts, write_sources
from diptych.report.heatmap import draw_coverage
from diptych.report.histogram import draw_ends
from diptych.report.inputs import DossierInputs
from diptych.report.operation import write_choreography, write_contingencies, write_rehearsal
from diptych.report.partings import draw_partings
from diptych.report.plates import draw_halves, draw_network, draw_opened, draw_pair
from diptych.report.previews import draw_previews
from diptych.report.readiness import write_readiness
from diptych.report.rooms import draw_rooms
from diptych.report.scene import Scene, lay_scene
from diptych.report.sections import write_anatomy, write_identity, write_separation, write_timing
from diptych.report.slices import draw_slices
from diptych.report.summary import write_summary, write_unknowns
from diptych.report.words import end_sentence

ALWAYS = (
    "Decision support, not a medical device. Every answer here must be checked by the clinical"
    " team before it is used."
)


def tell_banner(made_from: str) -> str:
    """What stands at the top of every page; first what a demonstration was made from."""
    return f"{end_sentence(made_from)} {ALWAYS}" if made_from.strip() else ALWAYS


def dossier(inputs: DossierInputs) -> Dossier:
    """The whole report of one planned case: answers first, then the parts, doubts and sources.

    Raises InputError if a value contradicts itself (the values check themselves at birth).
    """
    case = inputs.case
    scene = lay_scene(inputs.anatomy, inputs.front.plan)
    return Dossier(
        title=f"Separation dossier of case {case.id}",
        banner=tell_banner(case.brief.made_from),
        sections=_sections(inputs, scene),
        provenance=inputs.provenance,
    )


def _sections(inputs: DossierInputs, scene: Scene) -> tuple[Section, ...]:
    plan = inputs.front.plan
    summary = write_summary(inputs)
    pair = draw_pair(scene, inputs)
    head, *rest = summary.blocks
    return (
        Section(id=summary.id, title=summary.title, blocks=(head, pair, *rest)),
        write_unknowns(inputs),
        write_identity(inputs),
        write_anatomy(
            inputs,
            (
                draw_opened(scene, inputs),
                draw_network(scene, inputs),
                draw_flow(scene, inputs),
                *draw_arteries(scene, inputs),
                draw_slices(inputs, scene.junction),
            ),
        ),
        write_separation(
            inputs,
            (
                draw_halves(scene, inputs),
                *draw_front(inputs.front),
                *draw_previews(scene, inputs),
                draw_partings(scene, inputs),
                *draw_clips(scene, inputs),
                draw_crossings(plan),
                *draw_drainage(inputs),
            ),
        ),
        write_timing(inputs, (draw_window(inputs.window),)),
        write_choreography(
            inputs,
            (
                draw_gantt(inputs.schedule, inputs.rehearsal),
                draw_crew(inputs.schedule),
                *draw_rooms(inputs.schedule),
            ),
        ),
        write_contingencies(inputs, (draw_coverage(inputs.coverage, inputs.schedule),)),
        *write_all_hazards(inputs.coverage, inputs.schedule),
        *write_readiness(inputs.coverage, inputs.schedule, inputs.readiness),
        write_rehearsal(inputs, (draw_ends(inputs.rehearsal, inputs.schedule),)),
        write_doubts(inputs),
        write_sources(inputs),
    )
