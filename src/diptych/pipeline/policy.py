"""A part's policy, from the defaults of its dataclass and what case.toml says."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar

from diptych.model import InputError
from diptych.storage.codec import decode, encode

Policy = TypeVar("Policy")


def merge_policy(default: Policy, section: Mapping[str, object], name: str) -> Policy:
    """`default` with the fields that the section names replaced.

    Raises InputError for a field that the policy does not have, or of a wrong type.
    """
    known = {field.name for field in fields(default)}  # type: ignore[arg-type]
    unknown = sorted(set(section) - known)
    if unknown:
        raise InputError(
            f"[policy.{name}] in case.toml has {', '.join(unknown)}; it may have"
            f" {', '.join(sorted(known))}",
            remedy="correct the name or take it out",
        )
    tree, arrays = encode(default)
    assert isinstance(tree, dict)
    return decode(type(default), tree | dict(section), arrays)
