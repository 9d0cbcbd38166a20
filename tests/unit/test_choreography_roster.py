import pytest
from choreography_days import roster, tables

from diptych.choreography import read_roster
from diptych.model import InputError, InputErrors

HEAD = "id,name,role,extra_skills,team,start,end\n"


def read(*rows: str, day_start: str = "07:00"):
    return read_roster(HEAD + "\n".join(rows) + "\n", tables=tables(), day_start=day_start)


def test_demonstration_roster_is_large_enough_and_covers_every_skill():
    people = roster()
    skills = {skill for person in people for skill in person.skills}
    asked = {skill for row in tables()["steps"].rows.values() for skill in row.counts("demands")}
    assert len(people) >= 32
    assert len(skills) >= 14
    assert asked <= skills
    assert any("Ѐ" <= letter <= "ӿ" for person in people for letter in person.name)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("07:00", "21:00", (0, 840)),
        ("19:00", "07:30", (720, 1470)),
        ("06:30", "12:00", (-30, 300)),
        ("07:00", "07:00", (0, 1440)),
        ("03:00+1", "13:00+1", (1200, 1800)),
        ("17:00", "43:00", (600, 2160)),
        ("-15", "600", (-15, 600)),
    ],
)
def test_hours_are_read(start, end, minutes):
    (person,) = read(f"a,Ann,perfusionist,,both,{start},{end}")
    assert (person.start, person.end) == minutes


def test_extra_skills_are_added_to_those_of_the_role():
    (person,) = read("a,Ann,scrub-nurse,coordination;circulating,A,07:00,21:00")
    assert person.skills == ("scrub", "coordination", "circulating")


def test_every_fault_is_reported_at_once_with_its_row():
    with pytest.raises(InputErrors) as caught:
        read(
            "a,Ann,surgeon,,both,07:00,21:00",
            "b,Ben,scrub-nurse,juggling,both,07:00,21:00",
            "c,,scrub-nurse,,both,7 o'clock,21:00",
            "d,Dan,scrub-nurse,,C,07:00,21:00",
            "e,Eve,scrub-nurse,,A,600,600",
        )
    text = str(caught.value)
    for part in (
        "row 2: role 'surgeon' of Ann is unknown",
        "row 3: skill 'juggling' of Ben is unknown",
        "row 4: name is empty",
        'row 4: time is "7 o\'clock"',
        "row 5: staff d (Dan): team is 'C'",
        "row 6: staff e (Eve): hours 600 to 600",
    ):
        assert part in text
    assert len(caught.value.faults) == 6
    assert caught.value.exit_code == 3


def test_one_person_twice_is_refused_with_the_overlap():
    rows = ("a,Ann,scrub-nurse,,A,07:00,21:00", "a,Ann,scrub-nurse,,A,19:00,23:00")
    with pytest.raises(
        InputErrors, match=r"rows 2 and 3 .*same id 'a'; their hours overlap from 19:00 to 21:00"
    ):
        read(*rows)


@pytest.mark.parametrize("twin", ["Оlga Petrova", "OLGA  PETROVA", "Olga Petrová", "0lga Petrova"])
def test_look_alike_names_are_refused(twin):
    rows = ("a,Olga Petrova,scrub-nurse,,A,07:00,21:00", f"b,{twin},scrub-nurse,,B,07:00,21:00")
    with pytest.raises(InputErrors, match="names that look alike"):
        read(*rows)


def test_look_alike_ids_are_refused():
    rows = ("sn1,Olga,scrub-nurse,,A,07:00,21:00", "snl,Ines,scrub-nurse,,B,07:00,21:00")
    with pytest.raises(InputErrors, match="ids that look alike, 'sn1' and 'snl'"):
        read(*rows)


def test_one_row_may_clash_with_two_others_and_tells_each_once():
    rows = (
        "a,Ann,scrub-nurse,,A,07:00,21:00",
        "b,Ben,scrub-nurse,,A,07:00,21:00",
        "a,Ben,scrub-nurse,,B,07:00,21:00",
        "b,Ben,scrub-nurse,,B,07:00,21:00",
    )
    with pytest.raises(InputErrors) as caught:
        read(*rows)
    told = [str(fault).partition(";")[0] for fault in caught.value.faults]
    assert told == [
        "rows 2 and 4 (Ann and Ben) have the same id 'a'",
        "rows 3 and 4 (Ben and Ben) have the same name 'Ben'",
        "rows 3 and 5 (Ben and Ben) have the same id 'b'",
    ]


def test_letters_that_only_look_alike_are_named():
    rows = ("a,Olga,scrub-nurse,,A,07:00,21:00", "b,Оlga,scrub-nurse,,B,07:00,21:00")
    with pytest.raises(InputErrors, match="'О' is CYRILLIC CAPITAL LETTER O"):
        read(*rows)


def test_missing_column_and_empty_roster_are_refused():
    with pytest.raises(InputError, match="no column role, team"):
        read_roster("id,name,extra_skills,start,end\n", tables=tables())
    with pytest.raises(InputError, match="names nobody"):
        read()


WIDE = "id,name,role,extra_skills,team,start,end,grade,absences\n"


def read_wide(*rows: str):
    return read_roster(WIDE + "\n".join(rows) + "\n", tables=tables())


def test_grades_and_absences_are_read():
    ann, ben = read_wide(
        "a,Ann,scrub-nurse,,A,19:00,07:30,5,03:00-05:00; 23:00 - 23:30",
        "b,Ben,scrub-nurse,,A,19:00,07:30,,1200-1230",
    )
    assert (ann.grade, ben.grade) == (5, 3)
    assert ann.absences == ((960, 990), (1200, 1320))
    assert ben.absences == ((1200, 1230),)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,Ann,scrub-nurse,,A,07:00,21:00,6,", r"row 2: grade of Ann is '6'"),
        ("a,Ann,scrub-nurse,,A,07:00,21:00,3.5,", r"row 2: grade of Ann is '3.5'"),
        ("a,Ann,scrub-nurse,,A,07:00,21:00,,noon", r"row 2: absence is 'noon'"),
        ("a,Ann,scrub-nurse,,A,07:00,21:00,,03:00-09:00", r"row 2: absence 03:00-09:00 of Ann"),
        (
            "a,Ann,scrub-nurse,,A,07:00,21:00,,09:00-11:00;10:00-12:00",
            r"row 2: absences 09:00-11:00 and 10:00-12:00 of Ann overlap",
        ),
        ("a,Ann,scrub-nurse,,A,0,3000,,", r"row 2: the hours of Ann are 50 h long"),
        ("a,Smith, Ann,scrub-nurse,,A,07:00,21:00,3,09:00-10:00", r"row 2: 10 cells, expected 9"),
        ("a,Ann,scrub-nurse,,A,07:00,21:00,,09:00-9:75", r"row 2: time is '9:75'"),
    ],
)
def test_odd_grades_absences_and_hours_are_named_by_row(row, words):
    with pytest.raises(InputErrors, match=words):
        read_wide(row)


CALLED = HEAD.rstrip("\n") + ",on_call_start,on_call_end,travel\n"


def read_called(row: str):
    return read_roster(CALLED + row + "\n", tables=tables())


@pytest.mark.parametrize(
    ("row", "on_call"),
    [
        ("a,Ann,scrub-nurse,,A,07:00,21:00,21:00,07:00,30", ((840, 1440, 30),)),
        ("a,Ann,scrub-nurse,,A,17:00,07:30,07:00,17:00,0", ((0, 600, 0),)),
        ("a,Ann,scrub-nurse,,A,05:00,06:00,07:00,31:00,45", ((0, 1440, 45),)),
        ("a,Ann,scrub-nurse,,A,07:00,21:00,,,", ()),
    ],
)
def test_times_on_call_are_read(row, on_call):
    (ann,) = read_called(row)
    assert ann.on_call == on_call


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ("21:00,,30", r"row 2: on_call_end of Ann is empty, expected all of on_call_start"),
        (",,30", r"row 2: on_call_start, on_call_end of Ann is empty"),
        ("21:00,07:00,half", r"row 2: travel of Ann is 'half', expected whole minutes"),
        ("21:00,07:00,-5", r"row 2: travel of Ann is '-5'"),
        ("20:00,07:00,30", r"row 2: Ann is on call 20:00 to 07:00, within the hours"),
        ("900,890,30", r"row 2: Ann is on call 900 to 890, within the hours or back to front"),
        ("late,07:00,30", r"row 2: time is 'late'"),
    ],
)
def test_odd_times_on_call_are_named_by_row(times, words):
    with pytest.raises(InputErrors, match=words):
        read_called(f"a,Ann,scrub-nurse,,A,07:00,21:00,{times}")


def test_absence_that_ends_when_the_next_begins_is_no_overlap():
    (ann,) = read_wide("a,Ann,scrub-nurse,,A,07:00,21:00,,09:00-10:00;10:00-11:00")
    assert ann.absences == ((120, 180), (180, 240))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("absence", "column 'absence' is unknown.*write 'absences'"),
        ("oncall_start", "column 'oncall_start' is unknown.*write 'on_call_start'"),
        ("start", "column start stands twice"),
        ("Grades", "column 'Grades' is unknown.*write 'grade'"),
    ],
)
def test_misspelled_and_doubled_columns_are_named(header, words):
    text = HEAD.rstrip("\n") + f",{header}\na,Ann,scrub-nurse,,A,07:00,21:00,\n"
    with pytest.raises(InputErrors, match=words):
        read_roster(text, tables=tables())


def test_other_columns_are_let_be():
    text = HEAD.rstrip("\n") + ",telephone\na,Ann,scrub-nurse,,A,07:00,21:00,4711\n"
    assert read_roster(text, tables=tables())[0].name == "Ann"


def test_semicolons_between_the_cells_are_understood():
    text = HEAD.replace(",", ";") + 'a;Ann;scrub-nurse;"circulating;coordination";A;07:00;21:00\n'
    (ann,) = read_roster(text, tables=tables())
    assert ann.skills == ("scrub", "circulating", "coordination")


def test_two_shifts_of_one_person_are_one_row_with_an_absence():
    rows = ("a,Ann,scrub-nurse,,A,07:00,12:00", "a,Ann,scrub-nurse,,A,19:00,23:00")
    with pytest.raises(InputErrors, match=r"rows 2 and 3 .*time between two shifts under absences"):
        read(*rows)
