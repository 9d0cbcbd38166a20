"""Cards, room plans, shifts and hand-over sheets of a small day, checked by hand."""

from dataclasses import replace

import pytest
from handout_days import make_day

from diptych.formats.html.sheets import A4, A4_ACROSS, fit_size, render_sheets, share_columns
from diptych.model import (
    Confidence,
    Coverage,
    CoverageCell,
    Hazard,
    InputError,
    Links,
    Paragraph,
    Response,
    ResponseDemand,
    Subject,
    Table,
    TwinId,
)
from diptych.pipeline.handouts import write_handouts, write_sheets
from diptych.report import (
    SHIFT_COLUMNS,
    DayBook,
    draw_crew,
    draw_gantt,
    list_shifts,
    write_cards,
    write_hand_overs,
    write_rooms,
)
from diptych.report.cards import MOST_ROWS
from diptych.report.duties import place_people, subtract_spans
from diptych.report.phases import find_phases
from diptych.report.words import tell_span

NBSP = "\u00a0"


@pytest.fixture(scope="module")
def book() -> DayBook:
    return DayBook(make_day())


def card(schedule, name: str, coverage=None) -> str:
    section = next(s for s in write_cards(schedule, coverage).sections if s.title == name)
    return words(section).replace(NBSP, " ")


def words(section) -> str:
    lines = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            lines.append(block.text)
        elif isinstance(block, Table):
            lines += [block.caption, *(" | ".join(row) for row in block.rows)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        ((0, 60), "22:00 to 23:00"),
        ((100, 120), "23:40 to +1 d 00:00"),
        ((180, 200), "+1 d 01:00 to 01:20"),
        ((0, 1600), "22:00 to +2 d 00:40"),
        ((130, 1600), "+1 d 00:10 to +2 d 00:40"),
    ],
)
def test_a_span_says_which_day_each_clock_reading_is_of(span, told):
    assert tell_span(*span, "22:00").replace(NBSP, " ") == told


def test_a_card_tells_the_day_in_order_with_breaks_places_and_people():
    text = card(make_day(), "Ann Ash, “=1+1”")
    assert text.splitlines()[:7] == [
        "Surgeon. Team: ● A. Grade 3 of 5. Can be asked 22:00 to +1 d 04:40.",
        "Your day: 4 tasks, 3 h 40 min on duty",
        "22:40 to 23:40 | both twins | Incision (as surgery); kit: Cell saver |"
        " Sterile field around the joined pair, First theatre |"
        " Олена Ковальчук, Cy Cole, Ed Elm",
        "23:40 to +1 d 00:00 | ◆ shared | Test clamp: vein 1 |"
        " Sterile field around the joined pair, First theatre | Di Dunn",
        "+1 d 00:00 to 01:00 | both twins | Parting |"
        " Sterile field around the joined pair, First theatre | Олена Ковальчук, Di Dunn",
        "+1 d 01:00 to 01:20 |  | Break, free: 20 min |  | ",
        "+1 d 01:20 to 02:40 | ● A | Closure; kit: Cell saver |"
        " Sterile field around twin A, Second theatre | Cy Cole",
    ]


def test_an_absence_is_no_break():
    text = card(make_day(), "Cy Cole")
    assert "23:40 to +1 d 00:10 |  | Absent: 30 min" in text
    assert "+1 d 00:10 to 01:20 |  | Break, free: 1 h 10 min" in text


def test_both_sides_of_a_hand_over_know_it():
    assert "+1 d 00:00 to 00:20 | ● A | anaesthesia | you | Gil Gray" in card(make_day(), "Flo Fry")
    assert "+1 d 00:00 to 00:20 | ● A | anaesthesia | Flo Fry | you" in card(make_day(), "Gil Gray")
    assert "23:40 | ◆ shared | scrub | Cy Cole | you" in card(make_day(), "Di Dunn")


def test_a_watch_over_the_move_names_both_theatres():
    assert "Head of twin A, First theatre, then Second theatre" in card(make_day(), "Gil Gray")
    assert "Head of twin B, First theatre | -" in card(make_day(), "Hal Hay")


def test_who_has_no_task_has_a_card_that_says_so():
    assert "No task in the plan of the day" in card(make_day(), "Ida Ives")


def hazard(id: str, subject: Subject, severity: int, probability: float = 0.1) -> Hazard:
    return Hazard(
        id=id,
        title=f"Bleeding of twin {subject}",
        subject=subject,
        first_step=1,
        last_step=19,
        probability=probability,
        probability_low=0.0,
        probability_high=1.0,
        severity=severity,
        response=Response(
            demands=(ResponseDemand(skill="surgery", count=1, within=2),),
            equipment={},
            low=1,
            mode=2,
            high=3,
            actions="Press.",
        ),
        source="by hand",
        confidence=Confidence.LOW,
    )


def coverage(*cells: tuple[str, int, int, str]) -> Coverage:
    return Coverage(
        order=1,
        hazards=(hazard("b-A", Subject.A, 3), hazard("b-B", Subject.B, 3)),
        cells=tuple(
            CoverageCell(
                hazard=id,
                start=start,
                end=end,
                covered=True,
                witness=((who, "surgery"),),
                depth=0,
            )
            for id, start, end, who in cells
        ),
        gaps=(),
        minutes=10,
        covered_minutes=10,
        certified=True,
    )


def test_a_card_says_which_hazards_call_first_and_what_is_done():
    cells = (("b-A", 0, 50, "s1"), ("b-A", 50, 90, "s1"), ("b-B", 60, 120, "s1"))
    text = card(make_day(), "Ann Ash, “=1+1”", coverage(*cells))
    assert (
        "If this happens, you are called first\n"
        "Bleeding of a twin | ● A, ■ B | 22:00 to +1 d 00:00 | surgery, 2 min | Press." in text
    )
    other = card(make_day(), "Cy Cole", coverage(*cells))
    assert "No hazard calls this person first." in other
    assert "in a planned case, see dossier/cards.html" in card(make_day(), "Cy Cole")


def test_a_long_day_folds_runs_of_one_step():
    schedule = make_day()
    clamp = next(e for e in schedule.assignments if e.task == "clamp")
    task = schedule.procedure.task("clamp")
    more = [(f"clamp{n}", 300 + n) for n in range(MOST_ROWS)]
    procedure = replace(
        schedule.procedure,
        tasks=(*schedule.procedure.tasks, *(replace(task, id=id, title=id) for id, _ in more)),
    )
    entries = tuple(replace(clamp, task=id, start=at, end=at + 1) for id, at in more)
    longer = replace(
        schedule,
        procedure=procedure,
        assignments=(*schedule.assignments, *entries),
        makespan=300 + MOST_ROWS,
    )
    text = card(longer, "Ann Ash, “=1+1”")
    assert f"{MOST_ROWS} tasks, from “clamp0” to “clamp{MOST_ROWS - 1}”" in text
    assert "Your day: 30 tasks" in text


def test_the_field_takes_the_scrubbed_and_the_room_the_others(book):
    entry = next(e for e in book.entries if e.task == "incise")
    places = place_people(book.tasks["incise"], entry)
    assert places == {
        "s1": "sterile-joined",
        "s2": "sterile-joined",
        "n1": "sterile-joined",
        "cn": "theatre-1",
    }


def test_a_second_way_to_do_a_task_counts(book):
    assert book.tasks["close-B"].equipment == {"saver": 1}


def test_phases_lie_between_the_milestones_and_know_who_comes_and_goes(book):
    phases = find_phases(book)
    assert [(p.start, p.end) for p in phases] == [(0, 40), (40, 180), (180, 300)]
    assert [p.title for p in phases] == [
        "Morning check, until: First incision",
        "Incision, until: Separation",
        "Closure, until: Both closed",
    ]
    first, joined, apart = phases
    assert first.present == ()
    assert joined.present == tuple(TwinId)
    assert not joined.apart
    assert joined.entering == ("s1", "s2", "n1", "a1", "b1")
    assert apart.apart
    assert apart.leaving == ("cn", "a1")
    assert {(s.person, s.room) for s in apart.stands} == {
        ("s1", "theatre-2"),
        ("n1", "theatre-2"),
        ("a2", "theatre-2"),
        ("s2", "theatre-1"),
        ("n2", "theatre-1"),
        ("b1", "theatre-1"),
    }
    assert [(m.person, m.start, m.end) for m in joined.moves] == [
        ("n2", 100, 180),
        ("a2", 120, 180),
    ]


def test_long_phases_are_cut_where_a_step_begins():
    schedule = make_day()
    later = replace(schedule, milestones={"separation": 290, "end": 300})
    spans = [(p.start, p.end) for p in find_phases(DayBook(later))]
    assert spans == [(0, 100), (100, 200), (200, 290), (290, 300)]


def test_every_person_at_work_stands_in_the_picture_by_name(book):
    sections = write_rooms(make_day()).sections
    for phase, section in zip(find_phases(book), sections, strict=True):
        svg = section.blocks[0].svg
        for stand in phase.stands:
            name = book.name(stand.person).replace("“", "&#x201C;")
            assert name in svg or book.name(stand.person) in svg, (phase.number, name)
    last = sections[-1].blocks[0].svg
    assert last.count("First theatre") == last.count("Second theatre") == 1


def test_shifts_say_hours_breaks_and_absences():
    rows = [dict(zip(SHIFT_COLUMNS, row, strict=True)) for row in list_shifts(make_day())]
    ann, cy, ida = rows[0], rows[2], rows[8]
    assert (ann["on_duty_min"], ann["longest_stretch_min"], ann["tasks"]) == (220, 140, 4)
    assert str(ann["breaks"]).replace(NBSP, " ") == "01:00 +1 d to 01:20 +1 d"
    assert str(cy["absences"]).replace(NBSP, " ") == "23:40 to 00:10 +1 d"
    assert (ida["first_task"], ida["on_duty_min"], ida["tasks"]) == ("", 0, 0)


def test_hand_over_sheets_say_what_goes_on_and_what_comes_next():
    twin, both = write_hand_overs(make_day()).sections
    assert twin.title == "Hand-overs of twin A"
    text = words(twin).replace(NBSP, " ")
    assert (
        "+1 d 00:00 to 00:20 | 20 min | ● A | anaesthesia | Flo Fry | Gil Gray |"
        " Parting (until 01:00 +1 d) |"
        " 01:20 +1 d Closure; 01:00 +1 d Separation (milestone) | ☐" in text
    )
    assert "23:40 | none | ◆ shared | scrub | Cy Cole | Di Dunn" in words(both).replace(NBSP, " ")


def test_breaks_leave_out_absences():
    assert subtract_spans([(0, 100)], [(20, 30), (90, 120)]) == [(0, 20), (30, 90)]
    assert subtract_spans([(0, 10)], [(0, 10)]) == []


def test_gantt_shows_buffers_letters_and_where_the_theatre_changes():
    svg = draw_gantt(make_day()).svg
    assert "buffer of Incision: 10\u00a0min" in svg
    assert "buffer of Closure: 30\u00a0min" in svg
    assert "buffer of Parting" not in svg
    assert svg.count(">Second theatre<") == 1
    assert svg.count(">First theatre<") == 3
    assert ">A</text>" in svg


def test_the_chart_by_person_has_a_row_for_each_and_hatches_absences():
    svg = draw_crew(make_day()).svg
    for name in ("Cy Cole, Nurse", "Ida Ives, Nurse", "Олена Ковальчук, Surgeon"):
        assert name in svg
    assert svg.count("<title>absent</title>") == 1
    assert "A 18" in svg


@pytest.mark.parametrize("write", [write_cards, write_rooms, write_hand_overs])
def test_mirrored_twins_swap_in_every_sheet(write):
    def tell(mirrored: bool) -> list[str]:
        return sorted(
            line
            for section in write(make_day(mirrored)).sections
            for line in f"{section.title}\n{words(section)}".splitlines()
        )

    swap = str.maketrans({"●": "■", "■": "●"})

    def turn(line: str) -> str:
        line = line.translate(swap)
        for one, two in (("twin A", "twin B"), ("■\u00a0A", "■\u00a0B"), ("●\u00a0B", "●\u00a0A")):
            line = line.replace(one, "\0").replace(two, one).replace("\0", two)
        return line

    assert sorted(map(turn, tell(True))) == tell(False)


def test_sheets_are_the_same_bytes_and_hold_no_script():
    document = write_cards(make_day(), banner="Not <b>a patient")
    text = render_sheets(document)
    assert text == render_sheets(write_cards(make_day(), banner="Not <b>a patient"))
    assert text.count('<section class="sheet"') == 9
    assert "Not &lt;b&gt;a patient" in text
    assert "<script" not in text
    assert "size: A4 portrait" in text
    assert "size: A4 landscape" in render_sheets(document, A4_ACROSS)


def test_type_shrinks_only_as_far_as_the_page_needs():
    short, *_ = write_cards(make_day()).sections
    assert fit_size(short, A4) == 10.0
    rows = (("word " * 40, "word " * 40),) * 40
    long = replace(short, blocks=(Table(caption="t", headings=("a", "b"), rows=rows),))
    assert 5.5 <= fit_size(long, A4) < 8.0


def test_columns_share_the_page_and_hold_their_longest_word():
    table = Table(caption="t", headings=("a", "b"), rows=(("x", "many words " * 9), ("y", "z")))
    narrow, wide = share_columns(table, 115.0)
    assert narrow + wide == pytest.approx(1.0)
    assert wide > 0.8
    assert narrow * 115 >= 3


def test_columns_hold_words_of_broad_letters_in_a_broad_typeface():
    """Breadths of DejaVu Sans in em, bold for the heading; 0.75 em is the cell's padding."""
    heading, name = 1.10 + 0.71 + 0.69 + 1.04, 7.38
    row = ("A", "Rajesh Venkataraman", "many words " * 12)
    table = Table(caption="t", headings=("Whom", "From", "Going on"), rows=(row,) * 5)
    first, second, _ = (share * 115.0 * 0.54 - 0.75 for share in share_columns(table, 115.0))
    assert first >= heading
    assert second >= name


def test_links_lead_only_to_files_beside_the_page():
    assert Links(entries=(("Cards", "cards.html"),))
    for address in ("../x.html", "https://a.b/c.html", "x.exe", "javascript:1.html"):
        with pytest.raises(InputError, match="expected the name of a file beside"):
            Links(entries=(("Odd", address),))


def test_files_are_written_beside_the_schedule(tmp_path):
    schedule = make_day()
    write_handouts(tmp_path, schedule, "made by hand; not a patient")
    names = ["cards.html", "crew.svg", "gantt.svg", "hand-overs.html", "rooms.html", "shifts.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert "Made by hand; not a patient." in (tmp_path / "cards.html").read_text("utf-8")
    shifts = (tmp_path / "shifts.csv").read_text("utf-8").splitlines()
    assert shifts[0] == ",".join(SHIFT_COLUMNS)
    assert shifts[3] == (
        "n1,Cy Cole,Nurse,A,3,22:00,04:40 +1 d,22:40,02:40 +1 d,140,80,"
        "00:10 +1 d to 01:20 +1 d,23:40 to 00:10 +1 d,2"
    )
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_handouts(tmp_path, make_day(), "made by hand; not a patient")
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_sheets(tmp_path, schedule, "", coverage(("b-A", 0, 50, "s1")))
    assert "Bleeding of twin A" in (tmp_path / "cards.html").read_text("utf-8")


def test_other_places_and_other_duties_of_a_procedure_file_are_understood():
    schedule = make_day()
    names = {"sterile-joined": "field-joined", "anaesthesia-A": "head-A"}

    def rename(task):
        return replace(task, zones={names.get(z, z): n for z, n in task.zones.items()})

    tasks = tuple(rename(task) for task in schedule.procedure.tasks)
    other = DayBook(replace(schedule, procedure=replace(schedule.procedure, tasks=tasks)))
    entry = next(e for e in other.entries if e.task == "incise")
    crew = (("cn", "circulating"), ("n1", "scrub"), ("s1", "hepatobiliary"), ("s2", "liver"))
    places = place_people(other.tasks["incise"], replace(entry, staff=crew))
    assert places == {
        "s1": "field-joined",
        "s2": "field-joined",
        "n1": "field-joined",
        "cn": "theatre-1",
    }
    svg = write_rooms(other.schedule, by_heads=False).sections[1].blocks[0].svg
    assert svg.count("scale(0.8)") == 2
    assert "Instrument tables" in svg
    assert "scale(0.8)" not in write_rooms(schedule).sections[1].blocks[0].svg


def test_what_the_team_does_in_another_theatre_moves_no_twin():
    schedule = make_day()
    check = schedule.procedure.task("check")
    away = replace(check, id="away", zones={"theatre-2": 1}, title="Second theatre made ready")
    entry = replace(schedule.assignment("check"), task="away", start=60, end=90)
    procedure = replace(schedule.procedure, tasks=(*schedule.procedure.tasks, away))
    book = DayBook(
        replace(schedule, procedure=procedure, assignments=(*schedule.assignments, entry))
    )
    assert book.room_at(Subject.A, 70) == book.room_at(Subject.B, 70) == "theatre-1"
    assert book.room_at(Subject.A, 210) == "theatre-2"
