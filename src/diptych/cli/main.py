"""The verbs of `diptych`. Each imports what it needs when it runs, so `--help` is light."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from diptych.cli.guard import Say, guarded
from diptych.cli.options import (
    AbsentOption,
    AtOption,
    BrokenOption,
    CaseArgument,
    CoverOption,
    DaysOption,
    DelayOption,
    FinishedOption,
    ForgetOption,
    HazardOption,
    JsonOption,
    KeepOption,
    LabelsOption,
    LabelTableOption,
    LateOption,
    NeverCutOption,
    OrderOption,
    OwnersOption,
    PreferOption,
    QuietOption,
    SeedOption,
    SplitOption,
    StagesOption,
    StopAfterOption,
    TakeOption,
    ThreadsOption,
    VerboseOption,
    WhatIfOption,
)

app = typer.Typer(
    name="diptych",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Plans, rehearses and runs the surgical separation of conjoined twins."
    " Decision support for a clinical team; not a medical device.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 input refused, 4 infeasible,"
    " 5 found but not proven.",
)


def main() -> None:
    """Entry point of the command; ends the process with an exit code of the table."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from diptych import __version__

        print(f"diptych {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make the case.")] = Path(
        "demo-case"
    ),
    kind: Annotated[
        str, typer.Option("--type", help="PA, PV, TA, TV-I, TV-II or TV-III.")
    ] = "TV-II",
    spacing: Annotated[
        float, typer.Option("--spacing", min=0.5, max=4.0, help="Voxel size, mm.")
    ] = 1.5,
    head: Annotated[
        Path | None, typer.Option("--head", help="A real head, CT or T1 (NIfTI or Cranium.inv3).")
    ] = None,
    phase: Annotated[
        str, typer.Option("--phase", help="Contrast given: venous, arterial or both.")
    ] = "venous",
    modality: Annotated[
        str, typer.Option("--modality", help="CT, or MR: T1 and a venogram.")
    ] = "CT",
    hard: Annotated[
        bool,
        typer.Option(
            "--hard",
            help="With what makes real heads hard: arteries, open sutures, falx and tentorium,"
            " curved veins, in total types brain grown across.",
        ),
    ] = False,
    plan: Annotated[bool, typer.Option(help="Plan the case once it is made.")] = True,
    seed: SeedOption = 1,
    days: DaysOption = 10_000,
    threads: ThreadsOption = 2,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make the demonstration case from a real head, and plan it. It is not a patient."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.demo import DemoOrder, make_demo

        order = DemoOrder(
            kind=kind,
            spacing=spacing,
            head=head,
            seed=seed,
            phase=phase,
            modality=modality,
            hard=hard,
        )
        made = make_demo(folder, order)
        if not quiet:
            say.message(f"{folder} was {made['made_from']}.")
            say.message(f"The ground truth lies apart, in {made['truth']}; no planning reads it.")
        if plan:
            asked = {"seed": seed, "days": days, "threads": threads}
            _run_plan(say, folder, asked, quiet, also={"demonstration": made})
        else:
            say.result(made, lines=[f"The case lies in {folder}. Next: diptych plan {folder}"])


@app.command()
def plan(
    case: CaseArgument,
    seeds: OwnersOption = None,
    cover: CoverOption = None,
    order: OrderOption = 3,
    seed: SeedOption = 1,
    days: DaysOption = 10_000,
    threads: ThreadsOption = 2,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run every part in order; do again only what is stale.

    With --cover the day gets the smallest reserve with which every set of up to N hazards is
    answered at every minute; whom it needs besides the roster is said. Sets that no reserve
    covers are named, and the exit code is then 5.
    """
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.covering import wished
        from diptych.pipeline.folder import CaseFolder

        _keep(case, seeds)
        asked = {"seed": seed, "days": days, "threads": threads, "order": order}
        with wished(CaseFolder(case), cover):
            summary = _run_plan(say, case, asked, quiet)
        if cover and summary["reserve"]["not_covered"]:
            raise typer.Exit(5)


def _keep(case: Path, seeds: list[Path] | None) -> None:
    if seeds:
        from diptych.pipeline.corrections import keep_corrections
        from diptych.pipeline.folder import CaseFolder

        folder = CaseFolder(case)
        folder.require()
        keep_corrections(folder, seeds)


def _run_plan(
    say: Say,
    case: Path,
    asked: dict[str, Any],
    quiet: bool,
    also: dict[str, object] | None = None,
) -> dict[str, Any]:
    from diptych.cli.progress import Reporter
    from diptych.cli.wording import plan_lines
    from diptych.pipeline.plan import PlanOptions, plan_case

    with Reporter(quiet) as reporter:
        summary = plan_case(case, PlanOptions(**asked), reporter)
    say.result(summary | (also or {}), lines=plan_lines(summary))
    return summary


def _run_part(
    say: Say,
    case: Path,
    name: str,
    asked: dict[str, Any],
    quiet: bool,
    lines: Callable[[dict[str, Any]], list[str]] | None = None,
) -> None:
    from diptych.cli.progress import Reporter
    from diptych.cli.wording import part_lines
    from diptych.pipeline.plan import PlanOptions, run_part

    tell = say.as_json or lines is not None
    with Reporter(quiet) as reporter:
        result = run_part(case, name, PlanOptions(**asked), reporter, tell=tell)
    say.result(result, lines=(lines or part_lines)(result))


def _part(name: str, text: str) -> None:
    def verb(
        case: CaseArgument,
        seed: SeedOption = 1,
        days: DaysOption = 10_000,
        threads: ThreadsOption = 2,
        json: JsonOption = False,
        quiet: QuietOption = False,
        verbose: VerboseOption = False,
    ) -> None:
        with guarded(json=json, verbose=verbose) as say:
            _run_part(say, case, name, {"seed": seed, "days": days, "threads": threads}, quiet)

    verb.__doc__ = text
    app.command(name)(verb)


@app.command()
def anatomy(
    case: CaseArgument,
    seeds: OwnersOption = None,
    labels: LabelsOption = None,
    label_table: LabelTableOption = None,
    seed: SeedOption = 1,
    days: DaysOption = 10_000,
    threads: ThreadsOption = 2,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Tissues, vessels, who owns which voxel, the class."""
    with guarded(json=json, verbose=verbose) as say:
        _keep(case, seeds)
        told = _keep_labels(case, labels, label_table)
        if not quiet:
            for line in told:
                say.message(line)
        asked = {"seed": seed, "days": days, "threads": threads, "corrected": bool(seeds)}
        _run_part(say, case, "anatomy", asked, quiet)


def _keep_labels(case: Path, labels: Path | None, table: Path | None) -> list[str]:
    from diptych.cli.wording import label_lines
    from diptych.model import UsageError

    if labels is None:
        if table is not None:
            raise UsageError("--label-table without --labels", remedy="give --labels FILE")
        return []
    from diptych.pipeline.folder import CaseFolder
    from diptych.pipeline.labels import keep_labels

    folder = CaseFolder(case)
    folder.require()
    return label_lines(keep_labels(folder, labels, table))


@app.command()
def separate(
    case: CaseArgument,
    prefer: PreferOption = None,
    keep: KeepOption = None,
    split: SplitOption = None,
    stages: StagesOption = None,
    never_cut: NeverCutOption = None,
    forget: ForgetOption = False,
    what_if: WhatIfOption = False,
    seeds: OwnersOption = None,
    threads: ThreadsOption = 2,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """The optimal cut, who keeps which vein, what must be replaced.

    What is demanded here is kept in CASE/demands.toml and obeyed until it is taken out there.
    Demands that cannot all be met end with exit code 4, and the case stays as it was.
    """
    with guarded(json=json, verbose=verbose) as say:
        from diptych.cli.wording import separation_lines
        from diptych.pipeline.demands import Asked, demanded
        from diptych.pipeline.folder import CaseFolder

        asked = Asked(
            prefer=prefer,
            keep=tuple(keep or ()),
            split=tuple(split or ()),
            stages=stages,
            never_cut=tuple(never_cut or ()),
            forget=forget,
        )
        if what_if:
            _run_what_if(say, case, asked, seeds)
            return
        _keep(case, seeds)
        with demanded(CaseFolder(case), asked):
            options = {"threads": threads, "corrected": bool(seeds)}
            _run_part(say, case, "separate", options, quiet, lines=separation_lines)


def _run_what_if(say: Say, case: Path, asked: Any, seeds: list[Path] | None) -> None:
    from diptych.cli.wording import what_if_lines
    from diptych.model import UsageError
    from diptych.pipeline.stage import PlanOptions
    from diptych.pipeline.whatif import ask_what_if

    if seeds:
        raise UsageError(
            "--what-if with --seeds: owners cannot be asked about",
            remedy="correct the owners with diptych anatomy CASE --seeds FILE",
        )
    found = ask_what_if(case, asked, PlanOptions())
    say.result(found, lines=what_if_lines(found))


_part("timing", "When to operate: a curve with reasons on both sides.")
_part("choreograph", "Who does what, where, each minute.")


@app.command()
def prove(
    case: CaseArgument,
    order: OrderOption = 3,
    seed: SeedOption = 1,
    threads: ThreadsOption = 2,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Whether every hazard is covered at every minute, alone and with others at once."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.cli.wording import proof_lines

        asked = {"seed": seed, "threads": threads, "order": order}
        _run_part(say, case, "prove", asked, quiet, lines=proof_lines)


_part("rehearse", "The day simulated many times.")
_part("dossier", "The document that the team reads.")


@app.command("dry-run")
def dry_run(
    case: CaseArgument,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", help="Time log of a rehearsal (CSV: task, kind, minutes or start and end)."
        ),
    ] = None,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Which parts of the day to rehearse, with whom, where and with what.

    With --log, new step lengths are proposed beside the old ones; nothing is taken over.
    """
    with guarded(json=json, verbose=verbose) as say:
        from diptych.cli.wording import dry_run_lines
        from diptych.pipeline.dryrun import plan_dry_run

        told = plan_dry_run(case, log)
        say.result(told, lines=dry_run_lines(told))


@app.command()
def replan(
    case: CaseArgument,
    at: AtOption,
    delay: DelayOption = None,
    late: LateOption = None,
    finished: FinishedOption = None,
    absent: AbsentOption = None,
    broken: BrokenOption = None,
    hazard: HazardOption = None,
    stop_after: StopAfterOption = None,
    take: TakeOption = None,
    seed: SeedOption = 1,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Go on when the day departs from its plan: least change, earliest end, most reserve.

    Nothing is written unless one of the three ways is taken. A day that cannot go on with
    every rule kept ends with exit code 4 and the rules to relax.
    """
    with guarded(json=json, verbose=verbose) as say:
        from diptych.cli.wording import replan_lines
        from diptych.pipeline.replanning import Happened, ask_replan
        from diptych.pipeline.stage import PlanOptions

        happened = Happened(
            at=at,
            delays=tuple(delay or ()),
            late=tuple(late or ()),
            finished=tuple(finished or ()),
            absent=tuple(absent or ()),
            broken=tuple(broken or ()),
            hazards=tuple(hazard or ()),
            stop_after=stop_after,
        )
        found = ask_replan(case, happened, PlanOptions(seed=seed), take=take)
        say.result(found, lines=replan_lines(found))


@app.command()
def schedule(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A procedure file (TOML): the whole operation.")
    ],
    roster: Annotated[
        Path | None,
        typer.Option("--roster", help="The people (CSV); else the [[staff]] rows of FILE."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write to (default: schedule, beside FILE)."),
    ] = None,
    seed: SeedOption = 1,
    days: DaysOption = 2_000,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Schedule any long operation of several teams from one file, without a case."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.cli.wording import schedule_lines
        from diptych.pipeline.operation import schedule_file

        target = out or file.parent / "schedule"
        told = schedule_file(file, roster, target, seed=seed, days=days)
        say.result(told, lines=schedule_lines(told))
        if told["status"] != "optimal":
            raise typer.Exit(5)


@app.command()
def new(
    case: CaseArgument,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Open a new case: a folder with a case.toml and a roster.csv to edit."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.opening import new_case

        made = new_case(case)
        say.result(
            made,
            lines=[
                f"Made {case}. Edit case.toml and roster.csv, then add imaging with:",
                f"  diptych intake {case} SOURCE...",
            ],
        )


@app.command()
def intake(
    case: CaseArgument,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SOURCE...", help="NIfTI files or DICOM folders to add."),
    ] = None,
    role: Annotated[
        str, typer.Option("--role", help="What the sources show: ct, ctv, cta, mr, mrv or mra.")
    ] = "",
    register: Annotated[
        bool,
        typer.Option(
            "--register",
            help="Bring the sources onto the grid of the first series by their content"
            " (rigid; needs diptych[register]); the residual is shown.",
        ),
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Add imaging to a case, and check what is there: identity, frame, geometry."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.opening import add_sources

        add_sources(case, sources or [], role, register)
        _run_part(say, case, "intake", {}, quiet)


@app.command()
def theatre(
    case: CaseArgument,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve on.")] = 8420,
    host: Annotated[
        str, typer.Option("--host", help="Address to serve on; others than 127.0.0.1 are open.")
    ] = "127.0.0.1",
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Serve the live board of the operation day, from an append-only record."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.board import serve_board

        def announce(line: str) -> None:
            address = next(word for word in line.split() if word.startswith("http"))
            say.result({"address": address, "case": str(case)}, lines=[line])

        serve_board(case, host=host, port=port, announce=announce)


@app.command()
def export(
    case: CaseArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to", help="Comma-separated: nifti, stl, ply, glb, csv, ics, mspdi, procedure."
        ),
    ] = "nifti,stl,csv",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to (default CASE/export).")
    ] = None,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write files for other systems."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.export import export_case

        written = export_case(case, tuple(part.strip() for part in to.split(",") if part), out)
        say.result({"files": written}, lines=written)


@app.command()
def verify(
    case: CaseArgument,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Compute all hashes and certificates of a case again, and compare."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.verify import verify_case

        report = verify_case(case)
        say.result(report, lines=[str(line) for line in report["lines"]])  # type: ignore[attr-defined]
        if not report["intact"]:
            raise typer.Exit(1)


@app.command("list")
def list_(
    what: Annotated[
        str, typer.Argument(help="hazards, roles, steps, equipment, plugins or tables.")
    ],
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what the tables hold, each row with its source."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.listing import list_rows, wording

        rows = list_rows(what)
        say.result({what: rows}, lines=wording(rows))


@app.command()
def picture(
    case: CaseArgument,
    out: Annotated[Path, typer.Argument(help="PNG file to write.")],
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Draw the pair, the cut and the vessels of a planned case in one picture."""
    with guarded(json=json, verbose=verbose) as say:
        from diptych.pipeline.picture import draw_picture

        draw_picture(case, out)
        say.result({"file": str(out)}, lines=[f"Drawn: {out}"])
