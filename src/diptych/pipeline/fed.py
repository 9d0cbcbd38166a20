"""What case.toml says that each twin was last fed, and when."""

import tomllib
from collections.abc import Mapping

from diptych.model import Feed, TwinId
from diptych.pipeline.folder import CaseFolder, read_text
from diptych.pipeline.opening import read_case_file


def read_fed(folder: CaseFolder) -> Mapping[TwinId, Mapping[Feed, str]]:
    """Clock readings of the last feeds by twin and kind; InputErrors with every fault."""
    twins = read_case_file(folder).twins
    return {twin: twins[twin.value].last_fed for twin in TwinId if twin.value in twins}


def fed_facts(folder: CaseFolder) -> Mapping[str, object]:
    """The feeds as they are written; nothing where the case says nothing of them."""
    twins = tomllib.loads(read_text(folder.case_file)).get("twins", {})
    tables = twins if isinstance(twins, dict) else {}
    fed = {
        f"twins.{name}.last_fed": twin["last_fed"]
        for name, twin in sorted(tables.items())
        if isinstance(twin, dict) and "last_fed" in twin
    }
    return {name: str(value) for name, value in fed.items()}
