"""Runs the parts in order, only what is stale, and puts the results in place all at once."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import monotonic
from typing import Protocol

from diptych.model import InputError
from diptych.pipeline.folder import CaseFolder, read_text
from diptych.pipeline.manifest import is_fresh, outputs_digest, program, write_manifest
from diptych.pipeline.parts import STAGES
from diptych.pipeline.preflight import check_before_work
from diptych.pipeline.stage import PlanOptions, Run, Stage, read_policies
from diptych.pipeline.summary import summarise

__all__ = ["PlanOptions", "Watcher", "plan_case", "run_part"]


class Watcher(Protocol):
    """Is told how far the plan has come."""

    def announce(self, parts: tuple[str, ...]) -> None:
        """The parts that will be looked at."""
        ...

    def begin(self, part: str) -> None:
        """A part has started."""
        ...

    def end(self, part: str, outcome: str) -> None:
        """A part has ended: "done" or "unchanged"."""
        ...


def plan_case(case: Path, options: PlanOptions, watcher: Watcher) -> dict[str, object]:
    """Runs every part that is stale and returns the summary of the plan.

    Either every part ends well and all results take their places, or the case folder
    stays as it was and the error says why.
    """
    folder, run = _run(case, options, [stage.verb for stage in STAGES], watcher)
    return summarise(folder, run)


def run_part(
    case: Path, verb: str, options: PlanOptions, watcher: Watcher, *, tell: bool = False
) -> dict[str, object]:
    """Runs one part and whatever stale parts it needs first; says where the result lies.

    With `tell`, what the part found stands under its verb, where it can be told.
    """
    wanted = _with_needs(verb)
    folder, run = _run(case, options, wanted, watcher)
    stage = _stage(verb)
    told = {verb: dict(stage.tell(run))} if tell and stage.tell else {}
    place = str(folder.root / stage.place)
    return {"part": verb, "folder": place, "notes": list(run.notes), **told}


def _run(
    case: Path, options: PlanOptions, verbs: Sequence[str], watcher: Watcher
) -> tuple[CaseFolder, Run]:
    folder = CaseFolder(case)
    folder.require()
    run = open_run(folder, options)
    stages = [stage for stage in STAGES if stage.verb in verbs]
    watcher.announce(tuple(stage.verb for stage in stages))
    check_before_work(run, stages)
    with folder.locked(), folder.staging() as staging:
        effort = [line for stage in stages for line in _bring_up(stage, run, staging, watcher)]
        folder.publish(run.staged)
        run.staged.clear()
    _note_effort(folder, effort)
    return folder, run


def open_run(folder: CaseFolder, options: PlanOptions) -> Run:
    """A run on a case that changes nothing yet, with the policies of its case.toml."""
    return Run(folder=folder, options=options, policies=read_policies(_parse_case(folder)))


def _bring_up(stage: Stage, run: Run, staging: Path, watcher: Watcher) -> Iterator[str]:
    watcher.begin(stage.verb)
    inputs = stage_inputs(stage, run)
    if is_fresh(run.folder.root / stage.place, inputs):
        watcher.end(stage.verb, "unchanged")
        return
    started = monotonic()
    out = staging / stage.place.replace("/", "-")
    out.mkdir()
    run.inputs[stage.verb] = inputs
    with _one_thread_arithmetic(run.options):
        stage.work(run, out)
    unfinished = run.provisional.get(stage.verb)
    write_manifest(out, inputs | ({"provisional": unfinished} if unfinished else {}))
    run.staged[stage.place] = out
    watcher.end(stage.verb, "done")
    yield _effort(stage, run, monotonic() - started)


def stage_inputs(stage: Stage, run: Run) -> dict[str, object]:
    """All that the result of a part depends on, as its manifest holds it."""
    tables = run.tables(stage.tables)
    return {
        "part": stage.verb,
        "program": program(stage.rooms),
        "after": {verb: outputs_digest(run.place(_stage(verb).place)) for verb in stage.after},
        "tables": {name: tables[name].content_hash for name in sorted(tables)},
        "options": {name: getattr(run.options, name) for name in stage.options},
        "policy": dict(run.policies.get(stage.policy, {})),
        "facts": dict(stage.facts(run.folder)),
    }


@contextmanager
def _one_thread_arithmetic(options: PlanOptions) -> Iterator[None]:
    """One BLAS thread, since results differ by thread count; numba kernels use `threads`."""
    import numba
    from threadpoolctl import threadpool_limits

    before = numba.get_num_threads()
    numba.set_num_threads(min(options.threads, before))
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        numba.set_num_threads(before)


def _effort(stage: Stage, run: Run, seconds: float) -> str:
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    row = {
        "part": stage.verb,
        "machine_seconds": round(seconds, 2),
        "peak_memory_mib": round(peak),
        "threads": run.options.threads,
        **run.measured.get(stage.verb, {}),
    }
    return dumps(row, sort_keys=True)


def _note_effort(folder: CaseFolder, lines: Sequence[str]) -> None:
    if lines:
        with (folder.root / "effort.jsonl").open("a", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)


def _parse_case(folder: CaseFolder) -> dict[str, object]:
    try:
        return tomllib.loads(read_text(folder.case_file))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"case.toml is not valid TOML: {error}", remedy="correct that line of case.toml"
        ) from error


def _stage(verb: str) -> Stage:
    return next(stage for stage in STAGES if stage.verb == verb)


def _with_needs(verb: str) -> list[str]:
    wanted = {verb}
    for stage in reversed(STAGES):
        if stage.verb in wanted:
            wanted |= set(stage.after)
    return [stage.verb for stage in STAGES if stage.verb in wanted]
