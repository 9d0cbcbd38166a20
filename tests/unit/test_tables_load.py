"""Tables: every row has a source, overrides are laid over, wrong ones are refused."""

import pytest

from diptych.model import Confidence, InputError
from diptych.tables import load_table, table_names


@pytest.mark.parametrize("name", table_names())
def test_every_table_loads_and_every_row_has_a_source(name: str) -> None:
    table = load_table(name)
    assert table.rows
    for row in table.rows.values():
        assert row.source.strip()
        if row.confidence is Confidence.ASSUMPTION:
            assert "assumption" in row.source.lower(), row.key


@pytest.mark.parametrize("name", table_names())
def test_sources_name_the_world_and_not_our_notes(name: str) -> None:
    for row in load_table(name).rows.values():
        for own in ("clinical.md", "data.md", "evidence/", "choreography.md", "safety.md"):
            assert own not in row.source, (row.key, own)


def plain_row() -> tuple[str, str]:
    for name in table_names():
        for key, row in load_table(name).rows.items():
            if {"value", "low", "high"} <= set(row.fields):
                return name, key
    raise AssertionError("no plain number in any table")


def test_override_replaces_only_what_it_names() -> None:
    name, key = plain_row()
    before = load_table(name)
    high = before.number(key).high
    text = f'[[row]]\nkey = "{key}"\nvalue = {float(high)}\nsource = "our own measurement"\n'
    after = load_table(name, text)
    assert after.value(key) == high
    assert after.row(key).overridden
    assert not before.row(key).overridden
    assert after.row(key).text("unit") == before.row(key).text("unit")
    assert after.content_hash != before.content_hash


def test_override_without_a_source_is_refused() -> None:
    name, key = plain_row()
    with pytest.raises(InputError, match="has no source"):
        load_table(name, f'[[row]]\nkey = "{key}"\nvalue = 1.0\n')


def test_override_out_of_range_is_refused_when_used() -> None:
    name, key = plain_row()
    table = load_table(name, f'[[row]]\nkey = "{key}"\nvalue = 1e12\nsource = "us"\n')
    with pytest.raises(InputError, match="lies outside its range"):
        table.number(key)


def test_override_of_an_unknown_row_is_refused() -> None:
    with pytest.raises(InputError, match="names row 'XX', which the table does not have"):
        load_table("classification", '[[row]]\nkey = "XX"\nsource = "us"\nconfidence = "low"\n')


def test_broken_toml_is_told() -> None:
    with pytest.raises(InputError, match="not valid TOML"):
        load_table("classification", "[[row]\n")


def test_unknown_table_names_those_there_are() -> None:
    with pytest.raises(InputError, match="no table 'moods'; there are"):
        load_table("moods")
