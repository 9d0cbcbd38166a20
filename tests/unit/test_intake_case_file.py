"""case.toml: what people write is read exactly, and every fault of it is told at once."""

from datetime import date

import pytest

from diptych.intake import (
    CaseFile,
    SeriesEntry,
    TwinEntry,
    compose_case_file,
    parse_case_file,
)
from diptych.intake.identity import check_text, compare_labels, edit_distance, fold
from diptych.model import Feed, InputError, InputErrors, Landmark, SafetyRefusal, Subject

WHOLE = CaseFile(
    id="pair-7",
    made_from="made from two heads; not a patient",
    notes='A "quoted" note\nof two lines \\ with a backslash',
    born=date(2026, 1, 2),
    imaged=date(2026, 6, 3),
    earliest_operation=date(2026, 7, 1),
    latest_operation=date(2026, 12, 31),
    hemisphere="south",
    country="Brazil",
    twins={
        "A": TwinEntry(
            label="Лилия",
            sex="female",
            weight_kg=7.25,
            patient_id="P-1",
            landmarks=(
                Landmark(
                    name="nasion",
                    position=(1.0, -2.5, 3.25),
                    scatter=1.5,
                    confirmed_by=("Nurse One", "Dr Two"),
                ),
            ),
        ),
        "B": TwinEntry(label="Мария", sex="female"),
    },
    series=(
        SeriesEntry(role="ct", path="ct.nii.gz", subject=Subject.SHARED, evidence="both in it"),
        SeriesEntry(role="ctv", path="dicom/ctv", subject=Subject.SHARED, evidence="both"),
    ),
    policy={"timing": {"step_days": 14, "tolerance": 0.2, "expanders_placed": "2026-06-09"}},
)
SHORT = """
[case]
id = "x"
[dates]
born = "2026-01-01"
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


def test_what_is_written_is_read_again() -> None:
    text = compose_case_file(WHOLE)
    assert parse_case_file(text) == WHOLE
    assert compose_case_file(parse_case_file(text)) == text
    assert "# Whom it shows" in text


def test_little_is_needed() -> None:
    file = parse_case_file(SHORT)
    assert file.born == date(2026, 1, 1)
    assert file.twins["A"].weight_kg is None
    assert file.series == ()


def test_feeds_are_read_and_written_back() -> None:
    feeds = 'last_fed = { formula = "02:30", clear-fluid = "06:00" }'
    file = parse_case_file(SHORT + feeds + "\n")
    assert file.twins["B"].last_fed == {Feed.FORMULA: "02:30", Feed.CLEAR_FLUID: "06:00"}
    assert file.twins["A"].last_fed == {}
    assert parse_case_file(compose_case_file(file)) == file


@pytest.mark.parametrize(
    ("feeds", "words"),
    [
        (
            '{ tea = "02:30" }',
            r"twins\.B\.last_fed\.tea is not known, expected one of"
            " clear-fluid, breast-milk, formula, solid",
        ),
        (
            '{ formula = "25:10" }',
            r"twins\.B\.last_fed\.formula is '25:10', expected a clock reading such as \"02:30\"",
        ),
        ("{ formula = 230 }", r"twins\.B\.last_fed\.formula is 230, expected a clock reading"),
        ('{ solid = "2:30" }', r"twins\.B\.last_fed\.solid is '2:30', expected a clock reading"),
        ('"02:30"', r"twins\.B\.last_fed is '02:30', expected a table \[twins\.B\.last_fed\]"),
    ],
)
def test_a_feed_that_cannot_be_read_names_twin_value_and_what_is_expected(
    feeds: str, words: str
) -> None:
    with pytest.raises(InputErrors, match=words):
        parse_case_file(SHORT + f"last_fed = {feeds}\n")


def test_dates_among_the_options_may_be_bare_or_quoted() -> None:
    for written in ("2026-06-09", '"2026-06-09"'):
        file = parse_case_file(SHORT + f"[policy.timing]\nexpanders_placed = {written}\n")
        assert file.policy == {"timing": {"expanders_placed": "2026-06-09"}}


def test_not_toml_is_said() -> None:
    with pytest.raises(InputErrors, match=r"case\.toml: 1 fault: it is not valid TOML"):
        parse_case_file("[case\n")


def test_all_faults_come_at_once() -> None:
    text = SHORT.replace('id = "x"', 'id = "x/y"\nnaem = "typo"')
    text = text.replace("imaged = 2026-02-01", 'imaged = "soon"').replace('sex = "male"', "sex = 1")
    with pytest.raises(InputErrors) as caught:
        parse_case_file(text)
    assert [fault.message.split(" ")[0] for fault in caught.value.faults] == [
        "case.naem",
        "case.id",
        "dates.imaged",
        "twins.B.sex",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('role = "xray"', r"series 1\.role is 'xray', expected ct, ctv, mr, mrv, cta, mra"),
        ('path = "../ct.nii.gz"', "expected a path inside raw/"),
        ('path = "/etc/ct.nii.gz"', "expected a path inside raw/"),
        ('subject = "BOTH"', r"series 1\.subject is 'BOTH', expected A, B or SHARED"),
        ("evidence = 3", r"series 1\.evidence is 3, expected text"),
    ],
)
def test_faults_of_a_series(line: str, words: str) -> None:
    lines = {
        "role": 'role = "ct"',
        "path": 'path = "ct.nii.gz"',
        "subject": 'subject = "A"',
        "evidence": 'evidence = "e"',
    }
    lines[line.split(" ", maxsplit=1)[0]] = line
    with pytest.raises(InputErrors, match=words):
        parse_case_file(SHORT + "[[series]]\n" + "\n".join(lines.values()))


def test_faults_of_a_landmark() -> None:
    text = SHORT.replace(
        "[twins.B]",
        '[[twins.A.landmarks]]\nname = "nasion"\nposition_lps_mm = [1, 2]\n'
        "scatter_mm = -1\n[twins.B]",
    )
    with pytest.raises(InputErrors, match=r"position_lps_mm is \[1, 2\].*scatter is -1\.0"):
        parse_case_file(text)


@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\u2066", "\ufeff", "\x00"])
def test_characters_that_cannot_be_seen_are_refused(sign: str) -> None:
    with pytest.raises(InputError, match=f"invisible character U\\+{ord(sign):04X}"):
        check_text("label", f"Ann{sign}a")


def test_labels_that_look_the_same_are_refused() -> None:
    pairs = [
        ("Abigail", "\u0410bigail"),
        ("Anna", "anna "),
        ("\uff21nn", "Ann"),
        ("Zo\u00e9", "Zoe"),
        ("Ivo", "Iv\u03bf"),
    ]
    for one, other in pairs:
        with pytest.raises(SafetyRefusal, match="labels that look the same"):
            compare_labels(one, other)


def test_labels_one_letter_apart_are_a_doubt() -> None:
    assert not compare_labels("Baby girl 1", "Baby girl 2").passed
    assert not compare_labels("Anna", "Hanna").passed
    assert compare_labels("Лилия", "Мария").passed
    assert compare_labels("Abigail", "Micaela").passed


def test_folding_and_distance() -> None:
    assert fold("\u0421\u0410\u0420") == "cap"
    assert [edit_distance("kitten", word) for word in ("kitten", "sitting", "")] == [0, 3, 6]
