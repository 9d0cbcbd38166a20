"""The page: one file, no script, no request, everything escaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from report_inputs import (
    SMALL,
    made_dossier,
    make_case,
    make_inputs,
    make_rows,
    make_schedule,
)

from diptych.formats.html import name_breadth, render_html
from diptych.formats.png import encode_png, letter_image
from diptych.model import Dossier, Figure, InputError, Paragraph, Section, Table
from diptych.report import dossier

CANARY = "<script>alert('canary')</script>"
BESIDE = (
    "countdown.html",
    "cards.html",
    "rooms.html",
    "hand-overs.html",
    "responses.html",
    "call-outs.csv",
    "gaps.html",
)
TINY = encode_png(np.zeros((4, 4, 3), np.uint8))


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def small(*blocks, title="Dossier", banner="not a patient"):
    section = Section(id="one", title="One", blocks=blocks)
    return Dossier(title=title, banner=banner, sections=(section,), provenance=())


def figure(svg=None, png=None, alt="a picture"):
    return Figure(id="f", caption="c", alt=alt, png=png, svg=svg, values=())


@pytest.fixture(scope="module")
def page():
    return render_html(made_dossier())


def test_the_page_needs_nothing_else(page):
    reader = read(page)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(reader.tags)
    for name, value in reader.attributes:
        if name in ("src", "href"):
            assert value.startswith(("#", "data:image/png;base64,")) or value in BESIDE, value[:60]
        assert not name.startswith("on")
    assert "@import" not in page
    assert "url(http" not in page


def test_the_policy_forbids_scripts_and_requests(page):
    assert "default-src &#39;none&#39;" in page
    assert "script-src" not in page


def test_the_page_is_marked_up_for_reading_aloud(page):
    reader = read(page)
    assert ("lang", "en") in reader.attributes
    assert reader.tags.count("h1") == reader.tags.count("main") == 1
    assert reader.tags.count("nav") == 1
    assert reader.tags.count("caption") == reader.tags.count("table") > 10
    assert page.count('role="img"') == 19


def test_ids_are_unique_and_links_lead_somewhere(page):
    reader = read(page)
    assert len(reader.ids) == len(set(reader.ids))
    targets = [value[1:] for name, value in reader.attributes if name == "href" and value[0] == "#"]
    assert set(targets) <= set(reader.ids)


def test_the_banner_is_on_the_page_and_on_each_printed_sheet(page):
    assert page.count("Made from two balls; not a patient.") >= 2
    assert re.search(r'@top-center \{ content: "Made from two balls', page)


def test_twins_are_shown_by_letter_shape_and_colour(page):
    assert '<span class="twin twin-a">●\u00a0A</span>' in page
    assert '<span class="twin twin-b">■\u00a0B</span>' in page
    assert "--twin-a:#e8862e" in page


def test_rendering_twice_gives_the_same_bytes(page):
    assert render_html(made_dossier()) == page


def test_another_makespan_gives_another_page(page):
    other = render_html(dossier(make_inputs(picture_width=SMALL, schedule=make_schedule(815))))
    assert "21:05" in other
    assert "21:05" not in page


def test_hostile_names_are_escaped_everywhere():
    inputs = make_inputs(picture_width=SMALL)
    levels = inputs.case.volumes[0].volume.voxels
    case = make_case(levels, label=CANARY, made_from=f'{CANARY}"}} </style>')
    procedure = inputs.schedule.procedure
    tasks = tuple(replace(task, title=CANARY) for task in procedure.tasks)
    staff = tuple(replace(person, name=CANARY) for person in procedure.staff)
    milestones = tuple(replace(m, title=CANARY) for m in procedure.milestones)
    procedure = replace(procedure, tasks=tasks, staff=staff, milestones=milestones)
    hazards = tuple(replace(h, title=CANARY) for h in inputs.coverage.hazards)
    page = render_html(
        dossier(
            replace(
                inputs,
                case=case,
                schedule=replace(inputs.schedule, procedure=procedure),
                coverage=replace(inputs.coverage, hazards=hazards),
                rows=tuple(replace(row, source=CANARY) for row in make_rows()),
            )
        )
    )
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert "&lt;script&gt;" in page


def test_cells_are_escaped_and_signs_coloured():
    table = Table(caption="t", headings=("a", "b"), rows=(("<b>x</b>", "●\u00a0A keeps it"),))
    page = render_html(small(table))
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert '<span class="twin twin-a">' in page


def test_words_of_warning_are_strong_and_only_gaps_red():
    page = render_html(small(Paragraph(text="GAP at ten; NOT PROVEN; another")))
    assert '<strong class="alarm">GAP</strong>' in page
    assert "<strong>NOT PROVEN</strong>" in page
    assert "a<strong>" not in page


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>x</script></svg>",
        "<svg onload=alert(1)></svg>",
        '<svg><image href="https://example.org/x.png"/></svg>',
        '<svg><a href="javascript:x"/></svg>',
        "<p>no drawing</p>",
    ],
)
def test_unsafe_drawings_are_refused(svg):
    with pytest.raises(InputError, match="which a page must not carry"):
        render_html(small(figure(svg=svg)))


def test_pictures_carry_their_words():
    page = render_html(small(figure(png=TINY, alt='two "heads" <b>')))
    assert 'alt="two &#34;heads&#34; &lt;b&gt;"' in page
    assert "data:image/png;base64," in page


def test_an_unknown_block_is_refused():
    section = Section(id="one", title="One", blocks=("text",))
    document = Dossier(title="t", banner="b", sections=(section,), provenance=())
    with pytest.raises(InputError, match="a block of the dossier is str"):
        render_html(document)


def test_an_empty_table_says_none():
    assert ">none<" in render_html(small(Table(caption="t", headings=("a", "b"), rows=())))


def test_png_bytes_are_the_same_each_time_and_keep_the_pixels():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert encode_png(image) == encode_png(image.copy(order="F"))
    assert encode_png(image).startswith(b"\x89PNG")


def test_a_picture_of_floats_is_refused():
    with pytest.raises(InputError, match="expected uint8"):
        encode_png(np.zeros((2, 2), np.float64))


def test_letters_change_a_copy_only():
    image = np.full((40, 80, 3), 255, np.uint8)
    lettered = letter_image(image, ((40.0, 20.0, "AB", 20.0, "#000000", "mm"),))
    assert image.min() == 255
    assert lettered.min() == 0


@pytest.mark.parametrize(("width", "breadth"), [(600, "slim"), (1000, "fits"), (1400, "wide")])
def test_narrow_drawings_shrink_with_the_page_and_long_ones_are_printed_across(width, breadth):
    svg = f'<svg viewBox="0 0 {width} 20" width="{width}"/>'
    figure = Figure(id="f", caption="c", alt="words", png=None, svg=svg, values=())
    assert name_breadth(figure) == breadth
