"""What covers each twin after the separation, and the way out if one is dying, as tables."""

from collections.abc import Callable, Mapping, Sequence

from diptych.model import Case, EmergencyPath, Paragraph, Reconstruction, Table, TwinId
from diptych.report.blocks import list_paragraphs, pair_table, table
from diptych.report.words import name_twin, sign_twin, tell_measured, tell_number

VERDICTS = {
    "within": "yes",
    "doubtful": "likely, at worst NO",
    "beyond": "NO",
    "separated": "the twins are apart",
}


def write_cover(
    case: Case, cover: Mapping[TwinId, Reconstruction]
) -> tuple[Table | Paragraph, ...]:
    """Tables of both twins' reconstruction side by side; none where none was planned."""
    if not cover:
        return ()
    rows = [(title, *(tell(cover[twin]) for twin in TwinId)) for title, tell in _ROWS]
    notes = {text: None for twin in TwinId for text in (*cover[twin].notes, *cover[twin].risks)}
    return (
        pair_table("Covering each twin on the day of the operation", case, rows),
        _expanders(cover),
        *list_paragraphs((cover[twin].skin.sentence for twin in TwinId), "text"),
        *list_paragraphs((cover[twin].bone.sentence for twin in TwinId), "text"),
        *list_paragraphs(notes, "text"),
    )


def _area(value: float) -> str:
    return f"{tell_number(round(value, 1))}\u00a0cm²"


_ROWS: tuple[tuple[str, Callable[[Reconstruction], str]], ...] = (
    ("Planned for", lambda r: r.operation.isoformat()),
    ("Growth of the head's surface since the scan", lambda r: tell_measured(r.growth)),
    ("Skin needed", lambda r: tell_measured(r.skin.need)),
    ("Own scalp that can be moved", lambda r: tell_measured(r.skin.own)),
    ("Gained from expanders", lambda r: tell_measured(r.skin.gain)),
    ("Split skin graft, cautious", lambda r: _area(r.skin.cautious.graft)),
    ("Weeks of filling", lambda r: tell_measured(r.skin.weeks)),
    ("Bone needed", lambda r: tell_measured(r.bone.need)),
    ("Bone that can be split and moved", lambda r: tell_measured(r.bone.available)),
    ("Stays open, under a helmet", lambda r: tell_measured(r.bone.remaining)),
    ("Dural patch, with margin", lambda r: _area(r.patch.with_margin)),
    (
        "Dural patch, length and width",
        lambda r: f"{tell_number(r.patch.length)} and {tell_number(r.patch.width)}\u00a0mm",
    ),
)


def _expanders(cover: Mapping[TwinId, Reconstruction]) -> Table:
    rows = (
        (
            sign_twin(twin),
            str(entry.number),
            entry.shape,
            f"{entry.base:.0f} x {entry.length:.0f} x {entry.projection:.0f}\u00a0mm",
            f"{entry.volume:.0f}\u00a0ml",
            tell_measured(entry.gain),
        )
        for twin in TwinId
        for entry in cover[twin].skin.expanders
    )
    headings = ("Twin", "No.", "Shape", "Base, length, projection", "Volume", "Gain expected")
    return table("Tissue expanders proposed", headings, rows)


def write_emergency(case: Case, paths: Sequence[EmergencyPath]) -> tuple[Table | Paragraph, ...]:
    """From each step, how long the shortest safe completion takes if one twin is dying."""
    if not paths:
        return ()
    steps: dict[tuple[str, int], dict[TwinId, EmergencyPath]] = {}
    for path in paths:
        steps.setdefault((path.title, path.divided), {})[path.dying] = path
    rows = [
        (title, str(divided), *(_tell_path(both.get(twin)) for twin in TwinId))
        for (title, divided), both in steps.items()
    ]
    headings = (
        "Under way",
        "Vessels divided",
        *(f"If {name_twin(case, twin)} is dying" for twin in TwinId),
    )
    title = (
        "If one twin is dying: minutes to the shortest safe completion, and whether that is within"
        f" {paths[0].limit}"
    )
    actions = {action.title: None for path in paths for action in path.actions}
    undone = {words: None for path in paths for words in path.undone}
    return (
        table(title, headings, rows),
        *list_paragraphs(
            (
                f"What may have to be done then: {'; '.join(actions)}.",
                f"What waits for another day: {'; '.join(undone)}.",
            ),
            "text",
        ),
    )


def _tell_path(path: EmergencyPath | None) -> str:
    if path is None:
        return "not worked out"
    minutes = f"{path.mode} ({path.low} to {path.high})\u00a0min"
    return f"{minutes}: {VERDICTS[path.verdict]}"
