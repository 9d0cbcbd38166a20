"""The eight parts as stages: what each reads, what it obeys, what it writes."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from json import dumps
from pathlib import Path

from diptych.model import (
    Anatomy,
    Case,
    Coverage,
    OperatingWindow,
    Preparation,
    Rehearsal,
    Reserve,
    SafetyRefusal,
    Schedule,
    SeparationFront,
    SeparationPlan,
    TwinId,
)
from diptych.pipeline.folder import CaseFolder, read_text
from diptych.pipeline.policy import merge_policy
from diptych.pipeline.roster import load_roster, roster_facts
from diptych.pipeline.stage import Run, Stage
from diptych.storage.blobs import hash_folder

INTAKE = "derivatives/intake"
ANATOMY = "derivatives/anatomy"
SEPARATION = "derivatives/separation"
TIMING = "derivatives/timing"
CHOREOGRAPHY = "derivatives/choreography"
CONTINGENCIES = "derivatives/contingencies"
REHEARSAL = "derivatives/rehearsal"
DOSSIER = "dossier"


def _nothing(folder: CaseFolder) -> Mapping[str, object]:
    return {}


def _raw_facts(folder: CaseFolder) -> Mapping[str, object]:
    tree = tomllib.loads(read_text(folder.case_file))
    tree.pop("policy", None)
    if isinstance(tree.get("dates"), dict):
        tree["dates"].pop("operation", None)
    twins = tree.get("twins")
    for twin in twins.values() if isinstance(twins, dict) else ():
        if isinstance(twin, dict):
            twin.pop("last_fed", None)
    return {
        "case.toml": sha256(dumps(tree, sort_keys=True, default=str).encode()).hexdigest(),
        "raw": hash_folder(folder.raw) if folder.raw.is_dir() else {},
    }


def _said_facts(folder: CaseFolder) -> Mapping[str, object]:
    from diptych.pipeline.corrections import correction_facts
    from diptych.pipeline.labels import label_facts

    return {**correction_facts(folder), **label_facts(folder)}


def _day_facts(folder: CaseFolder) -> Mapping[str, object]:
    from diptych.pipeline.covering import cover_facts
    from diptych.pipeline.fed import fed_facts

    return {**roster_facts(folder), **cover_facts(folder), **fed_facts(folder)}


def _demand_facts(folder: CaseFolder) -> Mapping[str, object]:
    from diptych.pipeline.demands import demand_facts

    return demand_facts(folder)


def _intake(run: Run, out: Path) -> None:
    from diptych.intake import open_case
    from diptych.pipeline.opening import read_case_file, read_raw

    file = read_case_file(run.folder)
    case = open_case(file, read_raw(run.folder, file))
    run.keep(out, INTAKE, "case", case)


def _anatomy(run: Run, out: Path) -> None:
    from diptych.anatomy import AnatomyPolicy
    from diptych.formats.nifti import write_volumes
    from diptych.pipeline.corrections import read_corrections
    from diptych.pipeline.labels import read_tissue_labels
    from diptych.pipeline.seen import map_case

    case = run.load(Case, INTAKE, "case")
    policy = merge_policy(AnatomyPolicy(), run.policies.get("anatomy", {}), "anatomy")
    labels = read_tissue_labels(run.folder, case, policy.segmenter)
    corrections = read_corrections(run.folder, case.volumes[0].volume)
    anatomy = map_case(
        run,
        (run.folder.root / ANATOMY, out),
        case,
        (corrections, labels),
        (run.tables(STAGE["anatomy"].tables), policy),
    )
    run.keep(out, ANATOMY, "anatomy", anatomy)
    volumes = {"tissues": anatomy.tissues, "ownership": anatomy.ownership}
    if anatomy.tissue_confidence is not None:
        volumes["tissue-confidence"] = anatomy.tissue_confidence
    write_volumes(out, volumes)


def _tell_anatomy(run: Run) -> Mapping[str, object]:
    from diptych.pipeline.telling import tell_anatomy

    return tell_anatomy(run.load(Anatomy, ANATOMY, "anatomy"))


def _separation(run: Run, out: Path) -> None:
    from diptych.formats.nifti import write_volume
    from diptych.pipeline.bedrock import find_ground, ground_key
    from diptych.pipeline.demands import read_demands
    from diptych.separation import SeparationPolicy, plan_on

    anatomy = run.load(Anatomy, ANATOMY, "anatomy")
    _require_craniopagus(anatomy)
    case = run.load(Case, INTAKE, "case")
    policy = merge_policy(SeparationPolicy(), run.policies.get("separation", {}), "separation")
    demands = read_demands(run.folder, case.volumes[0].volume)
    ground = find_ground(
        (run.folder.root / SEPARATION, out),
        ground_key(run.inputs["separate"]),
        (case, anatomy),
        (run.tables(STAGE["separate"].tables), policy),
    )
    front = plan_on(ground, demands)
    run.notes.extend(front.notes)
    run.keep(out, SEPARATION, "front", front)
    for entry in front.plans:
        write_volume(out / f"side-{entry.id}.nii.gz", entry.side)


def _tell_separation(run: Run) -> Mapping[str, object]:
    from diptych.pipeline.separation_rows import tell_separation

    return tell_separation(run.load(SeparationFront, SEPARATION, "front"))


def _require_craniopagus(anatomy: Anatomy) -> None:
    """Raises SafetyRefusal where the anatomy says that the twins are joined elsewhere."""
    scope = anatomy.scope
    if scope is not None and scope.craniopagus is False:
        raise SafetyRefusal(
            "no separation was planned: " + "; ".join(scope.findings),
            remedy="if the twins are joined by the calvaria alone, correct the landmarks of the"
            " twins in case.toml; diptych anatomy CASE keeps what could be computed",
        )


def _timing(run: Run, out: Path) -> None:
    from diptych.timing import TimingPolicy, window

    anatomy = run.load(Anatomy, ANATOMY, "anatomy")
    layers = [name for name in sorted(anatomy.measures) if name.startswith("fused-area-")]
    value = window(
        run.load(Case, INTAKE, "case"),
        fused_area_cm2=sum(anatomy.measures[name].value for name in layers) or None,
        expansion_weeks=_expansion_weeks(run.load(SeparationFront, SEPARATION, "front").plan),
        tables=run.tables(STAGE["timing"].tables),
        policy=merge_policy(TimingPolicy(), run.policies.get("timing", {}), "timing"),
    )
    run.keep(out, TIMING, "window", value)


def _expansion_weeks(plan: SeparationPlan) -> dict[TwinId, float] | None:
    """Weeks that each twin's expanders take; None where no cover was planned."""
    if not plan.reconstruction:
        return None
    return {twin: plan.reconstruction[twin].skin.weeks.value for twin in TwinId}


def _choreography(run: Run, out: Path) -> None:
    from diptych.choreography import ChoreographyPolicy, arrange, prepare, read_fasts
    from diptych.pipeline.covering import cover_day, read_wish, tell_reserve
    from diptych.pipeline.fed import read_fed
    from diptych.pipeline.handouts import write_countdowns, write_handouts

    tables = run.tables(STAGE["choreograph"].tables)
    policy = merge_policy(
        ChoreographyPolicy(), run.policies.get("choreography", {}), "choreography"
    )
    roster = load_roster(run.folder, tables, policy.day_start)
    plan = run.load(SeparationFront, SEPARATION, "front").plan
    fasts = read_fasts(read_fed(run.folder), tables["countdown"], policy.day_start)

    def make(number: int) -> Schedule:
        tried = replace(policy, seed=policy.seed + number * policy.tries)
        return arrange(plan, roster, tables=tables, policy=tried, fasts=fasts)

    wish = read_wish(run.folder)
    if wish is None:
        schedule = make(0)
    else:
        answer = run.policies.get("contingencies", {})
        schedule, reserve = cover_day(run.folder, wish, make, answer)
        run.keep(out, CHOREOGRAPHY, "reserve", reserve)
        needed = tell_reserve(reserve, schedule)
        run.notes.extend(f"Needed besides the roster: {row}" for row in needed)
    run.keep(out, CHOREOGRAPHY, "schedule", schedule)
    preparation = prepare(schedule, tables["countdown"], fasts)
    run.keep(out, CHOREOGRAPHY, "countdown", preparation)
    case = run.load(Case, INTAKE, "case")
    write_handouts(out, schedule, case.brief.made_from)
    write_countdowns(out, preparation, schedule, case)


def laid_reserve(run: Run) -> Reserve | None:
    """The reserve that the day holds because the case wishes it; None where it holds none."""
    if not (run.place(CHOREOGRAPHY) / "reserve.json").is_file():
        return None
    return run.load(Reserve, CHOREOGRAPHY, "reserve")


def _contingencies(run: Run, out: Path) -> None:
    from diptych.contingencies import AnswerPolicy, read_hazards
    from diptych.pipeline.proving import prove

    schedule = run.load(Schedule, CHOREOGRAPHY, "schedule")
    hazards = read_hazards(run.tables(("hazards",))["hazards"], schedule.procedure)
    policy = merge_policy(AnswerPolicy(), run.policies.get("contingencies", {}), "contingencies")
    paths = run.load(SeparationFront, SEPARATION, "front").plan.emergency
    coverage, run.measured["prove"] = prove(
        schedule, hazards, order=run.options.order, policy=policy, paths=paths
    )
    run.keep(out, CONTINGENCIES, "coverage", coverage)


def _tell_proof(run: Run) -> Mapping[str, object]:
    from diptych.pipeline.proof_rows import last_effort, tell_proof

    coverage = run.load(Coverage, CONTINGENCIES, "coverage")
    return tell_proof(coverage, run.measured.get("prove") or last_effort(run.folder, "prove"))


def _rehearsal(run: Run, out: Path) -> None:
    from diptych.contingencies import read_hazards, simulate

    schedule = run.load(Schedule, CHOREOGRAPHY, "schedule")
    tables = run.tables(STAGE["rehearse"].tables)
    rehearsal = simulate(
        schedule,
        read_hazards(tables["hazards"], schedule.procedure),
        days=run.options.days,
        seed=run.options.seed,
        tables=tables,
    )
    run.keep(out, REHEARSAL, "rehearsal", rehearsal)


def _dossier(run: Run, out: Path) -> None:
    from diptych.contingencies import AnswerPolicy
    from diptych.formats.html import render_html
    from diptych.formats.png import encode_png
    from diptych.pipeline.handouts import write_countdowns, write_sheets
    from diptych.pipeline.provenance import provenance, rows_used
    from diptych.pipeline.readying import make_ready
    from diptych.report import DossierInputs, dossier

    schedule = run.load(Schedule, CHOREOGRAPHY, "schedule")
    coverage = run.load(Coverage, CONTINGENCIES, "coverage")
    policy = merge_policy(AnswerPolicy(), run.policies.get("contingencies", {}), "contingencies")
    case = run.load(Case, INTAKE, "case")
    laid = laid_reserve(run)
    readiness = replace(
        make_ready(schedule, coverage, run.tables(STAGE["dossier"].tables), policy, laid),
        weights={twin.id: twin.weight for twin in case.twins},
    )
    inputs = DossierInputs(
        case=case,
        anatomy=run.load(Anatomy, ANATOMY, "anatomy"),
        front=run.load(SeparationFront, SEPARATION, "front"),
        window=run.load(OperatingWindow, TIMING, "window"),
        schedule=schedule,
        coverage=coverage,
        readiness=readiness,
        rehearsal=run.load(Rehearsal, REHEARSAL, "rehearsal"),
        provenance=provenance(run, [STAGE[verb] for verb in STAGE["dossier"].after]),
        rows=rows_used(run, STAGES),
        encode_png=encode_png,
    )
    (out / "index.html").write_text(render_html(dossier(inputs)), "utf-8")
    write_sheets(out, schedule, case.brief.made_from, coverage, readiness=readiness)
    preparation = run.load(Preparation, CHOREOGRAPHY, "countdown")
    write_countdowns(out, preparation, schedule, case)


STAGES = (
    Stage(
        verb="intake",
        place=INTAKE,
        after=(),
        tables=(),
        options=(),
        policy="intake",
        rooms=("model", "formats", "intake"),
        facts=_raw_facts,
        work=_intake,
    ),
    Stage(
        verb="anatomy",
        place=ANATOMY,
        after=("intake",),
        tables=("classification", "physiology"),
        options=(),
        policy="anatomy",
        rooms=("model", "kernels", "anatomy"),
        facts=_said_facts,
        work=_anatomy,
        tell=_tell_anatomy,
    ),
    Stage(
        verb="separate",
        place=SEPARATION,
        after=("intake", "anatomy"),
        tables=("costs", "physiology", "allocation", "growth", "reconstruction", "steps", "timing"),
        options=(),
        policy="separation",
        rooms=("model", "kernels", "separation"),
        facts=_demand_facts,
        work=_separation,
        tell=_tell_separation,
    ),
    Stage(
        verb="timing",
        place=TIMING,
        after=("intake", "anatomy", "separate"),
        tables=("growth", "seasons", "timing"),
        options=(),
        policy="timing",
        rooms=("model", "timing"),
        facts=_nothing,
        work=_timing,
    ),
    Stage(
        verb="choreograph",
        place=CHOREOGRAPHY,
        after=("intake", "separate"),
        tables=("steps", "skills", "roles", "zones", "equipment", "rest", "countdown"),
        options=(),
        policy="choreography",
        rooms=("model", "choreography", "report", "formats"),
        facts=_day_facts,
        work=_choreography,
    ),
    Stage(
        verb="prove",
        place=CONTINGENCIES,
        after=("separate", "choreograph"),
        tables=("hazards",),
        options=("order",),
        policy="contingencies",
        rooms=("model", "kernels", "contingencies"),
        facts=_nothing,
        work=_contingencies,
        tell=_tell_proof,
    ),
    Stage(
        verb="rehearse",
        place=REHEARSAL,
        after=("choreograph",),
        tables=("hazards", "rehearsal"),
        options=("seed", "days"),
        policy="rehearsal",
        rooms=("model", "kernels", "contingencies"),
        facts=_nothing,
        work=_rehearsal,
    ),
    Stage(
        verb="dossier",
        place=DOSSIER,
        after=("intake", "anatomy", "separate", "timing", "choreograph", "prove", "rehearse"),
        tables=("first-pairs", "reserve"),
        options=(),
        policy="report",
        rooms=("model", "kernels", "contingencies", "report", "formats"),
        facts=_nothing,
        work=_dossier,
    ),
)
STAGE = {stage.verb: stage for stage in STAGES}
