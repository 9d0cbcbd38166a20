"""Costs and seeds of a case are kept beside its plans, so that a demand takes seconds.

The key inside the file says which anatomy, tables, policy and program they were found from;
they are used for no others. What people demand is no part of it.
"""

from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from pathlib import Path

from diptych.model import Anatomy, Case, DiptychError
from diptych.pipeline.folder import write_atomically
from diptych.separation import (
    Bedrock,
    SeparationPolicy,
    build_ground,
    leave_ground,
    prepare_ground,
)
from diptych.separation.ground import Ground
from diptych.storage.packed import pack_value, unpack_value
from diptych.tables import SourcedTable

FILE = "ground.packed"
GROUND_TABLES = ("costs",)
MOST_BYTES = 128 * 1024 * 1024


def ground_key(inputs: Mapping[str, object]) -> str:
    """The key of what the inputs of the stage say, as far as costs and seeds hang on it."""
    tables = inputs["tables"]
    assert isinstance(tables, Mapping)
    kept = {"facts": {}, "tables": {name: tables[name] for name in GROUND_TABLES}}
    return sha256(dumps(dict(inputs) | kept, sort_keys=True, default=str).encode()).hexdigest()


def find_ground(
    places: tuple[Path, Path],
    key: str,
    told: tuple[Case, Anatomy],
    given: tuple[Mapping[str, SourcedTable], SeparationPolicy],
) -> Ground:
    """The ground of the case: kept from the last run, else found; and kept for the next.

    places : folders of the last separation and of the one in the making
    told : case and anatomy; given : tables and policy
    """
    (case, anatomy), (tables, policy) = told, given
    old, new = places
    try:
        bedrock = unpack_value(old / FILE, key, Bedrock)
        ground = build_ground(bedrock, case, anatomy, tables=tables, policy=policy)
    except DiptychError:
        ground = prepare_ground(case, anatomy, tables=tables, policy=policy)
        bedrock = leave_ground(ground)
    content = pack_value(bedrock, key)
    if len(content) <= MOST_BYTES:
        write_atomically(new / FILE, content)
    return ground
