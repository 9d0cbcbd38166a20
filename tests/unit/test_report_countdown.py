"""The countdown as a page and as rows, and the feeds that it is counted from."""

import csv
from io import StringIO
from pathlib import Path

import numpy as np
from countdown_days import changed, fasting_only, two_inductions
from report_inputs import make_case

from diptych.choreography import prepare, read_fasts
from diptych.model import Dossier, Feed, Paragraph, Table, TwinId
from diptych.pipeline.fed import fed_facts, read_fed
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.handouts import write_countdowns
from diptych.pipeline.parts import STAGE
from diptych.report import COUNTDOWN_COLUMNS, list_countdown, write_countdown
from diptych.storage.codec import decode, encode
from diptych.tables import load_table

CASE = """
[case]
id = "x"
[dates]
born = 2026-01-01
imaged = 2026-02-01
earliest_operation = 2026-03-01
latest_operation = 2026-04-01
[site]
hemisphere = "north"
[twins.A]
label = "Ada"
sex = "unknown"
[twins.B]
label = "Bea"
sex = "male"
"""
FED = 'last_fed = { formula = "02:30" }\n'


def page(*, fed: str = "") -> Dossier:
    schedule, table = two_inductions(), load_table("countdown")
    given = {TwinId.B: {Feed.FORMULA: fed}} if fed else {}
    fasts = read_fasts(given, table, "07:00")
    return write_countdown(prepare(schedule, table, fasts), schedule, "not a patient")


def tables(document: Dossier) -> dict[str, Table]:
    return {
        block.caption: block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table)
    }


def paragraphs(document: Dossier) -> list[Paragraph]:
    blocks = (block for section in document.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, Paragraph)]


def test_both_twins_stand_side_by_side_on_every_line() -> None:
    fasting = tables(page())["Fasting before each twin's own induction"]
    assert [heading.replace("\u00a0", " ") for heading in fasting.headings[1:3]] == [
        "● A by",
        "■ B by",
    ]
    rows = {row[0]: [cell.replace("\u00a0", " ") for cell in row] for row in fasting.rows}
    formula = rows["Last formula or other milk"]
    assert formula[1:3] == ["☐ 01:35 on the day", "☐ 02:05 on the day"]
    assert formula[3] == "anaesthetic nurse"
    assert formula[5:] == ["6 h (4 h to 6 h)", "published, medium"]


def test_the_second_twin_is_told_with_the_advice_to_give_clear_fluid() -> None:
    (told,) = [one.text for one in paragraphs(page()) if one.kind == "warning"]
    text = told.replace("\u00a0", " ")
    assert "■ B goes 2 h 30 min without clear fluid" in text
    assert text.endswith("Give ■ B clear fluid until 06:05 on the day.")


def test_what_was_fed_is_kept_or_not_kept() -> None:
    caption = "What they were fed, as the case says"
    assert caption not in tables(page())
    ((feed, a, b),) = tables(page(fed="01:50"))[caption].rows
    assert (feed, a) == ("formula", "not said")
    assert b.replace("\u00a0", " ") == (
        "01:50 on the day, so not before 07:50; planned 08:05, 6 h 15 min later: kept"
    )
    late = [one.text for one in paragraphs(page(fed="02:30")) if one.kind == "warning"]
    assert "The plan does NOT keep the fast of ■\u00a0B after formula." in late


def test_each_lead_has_its_source_on_the_back() -> None:
    document = page()
    assert [section.id for section in document.sections] == ["countdown", "countdown-grounds"]
    (grounds,) = [one for one in tables(document).values() if "Source" in one.headings]
    assert {row[0] for row in grounds.rows} >= {
        "Last solid food",
        "Last clear fluid: offer it until then",
    }
    assert all(row[2] for row in grounds.rows)


def test_a_window_that_nothing_fits_is_said() -> None:
    schedule = two_inductions()
    table = changed("last-laboratory", "from = 600\nfrom_low = 600")
    rows = tables(write_countdown(prepare(schedule, table), schedule))
    cells = [cell for one in rows.values() for row in one.rows for cell in row]
    assert any("NO moment fits: not before 21:35 the evening before" in cell for cell in cells)


def test_the_rows_hold_minutes_clock_words_and_sources() -> None:
    schedule = two_inductions()
    rows = list_countdown(prepare(schedule, fasting_only()), "07:00")
    assert all(len(row) == len(COUNTDOWN_COLUMNS) for row in rows)
    first = dict(zip(COUNTDOWN_COLUMNS, rows[0], strict=True))
    assert (first["latest_min"], first["latest"], first["twin"]) == (-325, "01:35 on the day", "A")
    assert (first["lead_min"], first["lead_least_min"], first["lead_most_min"]) == (360, 240, 360)
    assert "ASA 2017" in str(first["source"])


def test_the_sheet_and_the_rows_are_written_and_carry_the_notice(tmp_path: Path) -> None:
    schedule = two_inductions()
    case = make_case(np.zeros((2, 2, 2), np.uint8), made_from="made by hand")
    write_countdowns(tmp_path, prepare(schedule, fasting_only()), schedule, case)
    text = (tmp_path / "countdown.html").read_text("utf-8")
    assert "Decision support, not a medical device." in text
    assert "Made by hand." in text
    assert ">●\u00a0A</span> Ada by</th>" in text
    rows = list(csv.DictReader(StringIO((tmp_path / "countdown.csv").read_text("utf-8"))))
    assert [row["twin"] for row in rows] == ["A", "A", "B", "B", "A", "B", "A", "B"]
    assert rows[0]["latest_min"] == "-325"


def test_the_value_can_be_stored() -> None:
    fasts = read_fasts({TwinId.A: {Feed.SOLID: "01:00"}}, load_table("countdown"), "07:00")
    told = prepare(two_inductions(), load_table("countdown"), fasts)
    tree, arrays = encode(told)
    assert decode(type(told), tree, arrays) == told


def test_feeds_make_the_day_stale_and_nothing_else(tmp_path: Path) -> None:
    """Intake and all that is drawn from it do not depend on a feed on the morning of the day."""
    (tmp_path / "case.toml").write_text(CASE, "utf-8")
    folder = CaseFolder(tmp_path)
    before = STAGE["intake"].facts(folder)
    assert fed_facts(folder) == {}
    assert read_fed(folder) == {TwinId.A: {}, TwinId.B: {}}
    (tmp_path / "case.toml").write_text(CASE + FED, "utf-8")
    assert STAGE["intake"].facts(folder) == before
    assert read_fed(folder)[TwinId.B] == {Feed.FORMULA: "02:30"}
    first = fed_facts(folder)
    assert list(first) == ["twins.B.last_fed"]
    (tmp_path / "case.toml").write_text(CASE + FED.replace("02", "03"), "utf-8")
    assert fed_facts(folder) != first
    (tmp_path / "roster.csv").write_text("id\n", "utf-8")
    assert "twins.B.last_fed" in STAGE["choreograph"].facts(folder)
