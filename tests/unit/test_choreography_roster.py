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
    with pytest.raises(InputErrors, match=r"rows 2 and 3 .*overlap from minute 720 to 840"):
        read(*rows)


@pytest.mark.parametrize("twin", ["Оlga Petrova", "OLGA  PETROVA", "Olga Petrová", "0lga Petrova"])
def test_look_alike_names_are_refused(twin):
    rows = ("a,Olga Petrova,scrub-nurse,,A,07:00,21:00", f"b,{twin},scrub-nurse,,B,07:00,21:00")
    with pytest.raises(InputErrors, match="looks like"):
        read(*rows)


def test_look_alike_ids_are_refused():
    rows = ("sn1,Olga,scrub-nurse,,A,07:00,21:00", "snl,Ines,scrub-nurse,,B,07:00,21:00")
    with pytest.raises(InputErrors, match="'sn1', which looks like 'snl' id"):
        read(*rows)


def test_missing_column_and_empty_roster_are_refused():
    with pytest.raises(InputError, match="no column role, team"):
        read_roster("id,name,extra_skills,start,end\n", tables=tables())
    with pytest.raises(InputError, match="names nobody"):
        read()
