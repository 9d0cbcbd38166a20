"""What can be refused without work is refused before any work is done."""

from collections.abc import Sequence

from diptych.model import InputError
from diptych.pipeline.policy import merge_policy
from diptych.pipeline.roster import load_roster
from diptych.pipeline.stage import Run, Stage


def check_before_work(run: Run, stages: Sequence[Stage]) -> None:
    """Reads tables, policies, case file and roster; raises what they are refused for."""
    for stage in stages:
        run.tables(stage.tables)
    _check_policies(run, stages)
    if any(stage.verb == "intake" for stage in stages):
        _check_case(run)
    if any(stage.verb == "choreograph" for stage in stages):
        _check_roster(run)


def _check_policies(run: Run, stages: Sequence[Stage]) -> None:
    from diptych.pipeline.parts import STAGES

    known = {stage.policy for stage in STAGES}
    unknown = sorted(set(run.policies) - known)
    if unknown:
        raise InputError(
            f"case.toml has [policy.{unknown[0]}]; there are {', '.join(sorted(known))}",
            remedy="correct the name of the section",
        )


def _check_case(run: Run) -> None:
    from diptych.pipeline.opening import read_case_file

    read_case_file(run.folder)


def _check_roster(run: Run) -> None:
    from diptych.choreography import ChoreographyPolicy, require_skills
    from diptych.pipeline.parts import STAGE

    tables = run.tables(STAGE["choreograph"].tables)
    section = run.policies.get("choreography", {})
    policy = merge_policy(ChoreographyPolicy(), section, "choreography")
    require_skills(load_roster(run.folder, tables, policy.day_start), tables=tables)
