"""What people demand of the plans: kept in the case folder, obeyed on every run.

CASE/demands.toml holds it, written to be edited by a person; CASE/never-cut holds painted
regions. What the command adds is put beside what stands there, comments and all.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import Path
from shutil import rmtree

from diptych.formats.nifti import sidecar_path
from diptych.model import Demands, InputError, Millimetre, SparedBall, TwinId, Volume
from diptych.pipeline.corrections import is_nifti, read_paint
from diptych.pipeline.folder import CaseFolder, read_text, write_atomically
from diptych.storage.blobs import hash_folder

_HEAD = """# What the team demands of every plan. Edit it, or add to it with: diptych separate CASE
"""
_FORM = (
    'demands.toml may hold prefer = "A", stages = 2 and the tables [[keep]] (twin, vessel),'
    " [[split]] (vessel) and [[never-cut]] (name, position_lps_mm, radius_mm)"
)
_TABLES = {
    "keep": {"twin", "vessel"},
    "split": {"vessel"},
    "never-cut": {"name", "position_lps_mm", "radius_mm"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one command adds.

    keep : "A:vessel" or "B:vessel"; never_cut : painted NIfTI files, or TOML with balls
    forget : first take away all that the case holds
    """

    prefer: str | None = None
    keep: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    stages: int | None = None
    never_cut: tuple[Path, ...] = ()
    forget: bool = False

    @property
    def anything(self) -> bool:
        """Whether it changes the case at all."""
        return self != Asked()


@contextmanager
def demanded(folder: CaseFolder, asked: Asked) -> Iterator[None]:
    """The case holds the new demands within, and after; as before if an error ends it.

    No other command can work on the case within, nor see demands that may be taken back.
    Raises InputError for a demand that cannot be read.
    """
    if not asked.anything:
        yield
        return
    folder.require()
    with folder.locked():
        before = _remember(folder)
        try:
            _add(folder, asked)
            yield
        except (Exception, KeyboardInterrupt):
            _restore(folder, before)
            raise


def demand_facts(folder: CaseFolder) -> Mapping[str, object]:
    """Hashes of the demands, for the manifest; nothing where there are none."""
    facts: dict[str, object] = {}
    if folder.demands.is_file():
        facts["demands.toml"] = sha256(folder.demands.read_bytes()).hexdigest()
    if folder.never_cut.is_dir():
        facts["never-cut"] = hash_folder(folder.never_cut)
    return facts


def read_demands(folder: CaseFolder, grid: Volume | None) -> Demands:
    """All demands of the case; painted regions on `grid`, or none of them without it."""
    tree = _parse(_read(folder.demands), "demands.toml") if folder.demands.is_file() else {}
    painted = [] if grid is None else [read_paint(path, grid) for path in _painted(folder)]
    return _demands(tree, tuple(painted))


def _painted(folder: CaseFolder) -> list[Path]:
    """The painted regions of the case, by name; InputError for a file that is none of them."""
    if not folder.never_cut.is_dir():
        return []
    paths = sorted(folder.never_cut.iterdir())
    for path in paths:
        if not is_nifti(path) and path.suffix != ".json" and not path.name.startswith("."):
            raise InputError(
                f"never-cut/{path.name} is not a painted NIfTI (.nii or .nii.gz), so it would not"
                " be obeyed",
                remedy="take it out of the case's folder never-cut; give the region again with:"
                " diptych separate CASE --never-cut FILE",
            )
    return [path for path in paths if is_nifti(path)]


def _read(path: Path) -> str:
    """The text of a file, without the mark that some editors put before it."""
    return read_text(path).removeprefix("\ufeff")


def _demands(tree: Mapping[str, object], painted: tuple[Volume, ...]) -> Demands:
    stages = tree.get("stages")
    if stages is not None and (not isinstance(stages, int) or isinstance(stages, bool)):
        raise InputError(
            f"demands.toml: stages is {stages!r}, expected a whole number", remedy=_FORM
        )
    return Demands(
        keep=tuple(
            (str(row["vessel"]), _twin(row["twin"], "demands.toml")) for row in _rows(tree, "keep")
        ),
        split=tuple(str(row["vessel"]) for row in _rows(tree, "split")),
        balls=tuple(_ball(row, n) for n, row in enumerate(_rows(tree, "never-cut"), start=1)),
        painted=painted,
        prefer=str(tree.get("prefer", "balanced")),
        stages=stages,
    )


def _parse(text: str, name: str) -> dict[str, object]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not valid TOML: {error}", remedy=_FORM) from error
    unknown = sorted(set(tree) - {"prefer", "stages", *_TABLES})
    if unknown:
        raise InputError(f"{name} holds {', '.join(unknown)}, which means nothing", remedy=_FORM)
    return tree


def _rows(tree: Mapping[str, object], name: str) -> Sequence[Mapping[str, object]]:
    rows = tree.get(name, [])
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and set(row) == _TABLES[name] for row in rows
    ):
        raise InputError(
            f"demands.toml: {name} is {rows!r}, expected [[{name}]] with"
            f" {', '.join(sorted(_TABLES[name]))}",
            remedy=_FORM,
        )
    return rows


def _twin(word: object, where: str) -> TwinId:
    if word not in ("A", "B"):
        raise InputError(f"{where}: twin is {word!r}, expected A or B", remedy=_FORM)
    return TwinId(word)


def _ball(row: Mapping[str, object], number: int) -> SparedBall:
    place, radius = row["position_lps_mm"], row["radius_mm"]
    try:
        x, y, z = (float(value) for value in (place if isinstance(place, list) else ()))
        reach = float(str(radius))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"demands.toml: never-cut {number} has position_lps_mm {place!r} and radius_mm"
            f" {radius!r}, expected three numbers and one",
            remedy=_FORM,
        ) from error
    name = str(row["name"])
    if not name.strip() or not name.isprintable():
        raise InputError(
            f"demands.toml: never-cut {number} has name {name!r}, expected words on one line",
            remedy="say what lies there, such as: speech area",
        )
    return SparedBall(name=name, position=(x, y, z), radius=Millimetre(reach))


def ask(folder: CaseFolder, asked: Asked, grid: Volume) -> Demands:
    """The case's demands and those of one question together; the case keeps only its own."""
    held = read_demands(folder, grid)
    text = _added(folder, asked)
    more = _demands(_parse(text, "demands.toml"), () if asked.forget else held.painted)
    paths = [path for path in asked.never_cut if is_nifti(path)]
    _require_own_names(folder, paths, asked.forget)
    painted = tuple(read_paint(path, grid) for path in paths)
    return replace(more, painted=(*more.painted, *painted))


def _remember(folder: CaseFolder) -> dict[Path, bytes]:
    paths = [folder.demands] if folder.demands.is_file() else []
    if folder.never_cut.is_dir():
        paths += [path for path in folder.never_cut.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in paths}


def _restore(folder: CaseFolder, before: Mapping[Path, bytes]) -> None:
    """Changes only what differs, so that no demand is gone if this is cut short too."""
    now = _remember(folder)
    for path in sorted(before):
        if now.get(path) != before[path]:
            write_atomically(path, before[path])
    for path in sorted(set(now) - set(before)):
        path.unlink()
    if folder.never_cut.is_dir() and not any(folder.never_cut.iterdir()):
        folder.never_cut.rmdir()


def _forget(folder: CaseFolder) -> None:
    folder.demands.unlink(missing_ok=True)
    rmtree(folder.never_cut, ignore_errors=True)


def _add(folder: CaseFolder, asked: Asked) -> None:
    painted = [path for path in asked.never_cut if is_nifti(path)]
    for path in painted:
        read_paint(path, None)
    _require_own_names(folder, painted, asked.forget)
    text = _added(folder, asked)
    if asked.forget:
        _forget(folder)
    if _parse(text, "demands.toml"):
        write_atomically(folder.demands, text.encode())
    for path in painted:
        write_atomically(folder.never_cut / path.name, path.read_bytes())
        beside = sidecar_path(path)
        if beside.is_file():
            write_atomically(folder.never_cut / beside.name, beside.read_bytes())


def _require_own_names(folder: CaseFolder, painted: Sequence[Path], forget: bool) -> None:
    """Raises InputError where a painted region would take the place of another one."""
    held = {} if forget else {path.name: path for path in _painted(folder)}
    for path in painted:
        other = held.setdefault(path.name, path)
        if other.read_bytes() != path.read_bytes():
            raise InputError(
                f"never cut {path.name}: another painted region has this name",
                remedy="give the new one another name; to replace the old one, delete it in the"
                " case's folder never-cut first",
            )


def _added(folder: CaseFolder, asked: Asked) -> str:
    """The text of demands.toml with what is asked; InputError where it makes no sense."""
    text = _HEAD
    if folder.demands.is_file() and not asked.forget:
        text = _read(folder.demands)
        _parse(text, "demands.toml")
    text = _with_choices(text, asked)
    for table, lines in _new_tables(asked, _parse(text, "demands.toml")):
        text = text.rstrip("\n") + f"\n\n[[{table}]]\n" + "\n".join(lines) + "\n"
    _demands(_parse(text, "demands.toml"), ())
    return text


def _with_choices(text: str, asked: Asked) -> str:
    """The text with `prefer` and `stages` replaced where they stand, else put before all tables."""
    for name, value in (("prefer", asked.prefer), ("stages", asked.stages)):
        if value is None:
            continue
        line = f"{name} = {dumps(value)}"
        pattern = re.compile(rf"^[ \t]*{name}[ \t]*=.*$", re.MULTILINE)
        if pattern.search(text):
            text = pattern.sub(line, text, count=1)
        else:
            start = re.search(r"^[ \t]*\[\[", text, re.MULTILINE)
            at = start.start() if start else len(text)
            text = f"{text[:at].rstrip()}\n{line}\n" + ("\n" + text[at:] if start else "")
    return text


def _new_tables(asked: Asked, held: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tables that the command adds and the case does not hold yet."""
    for word in dict.fromkeys(asked.keep):
        twin, _, vessel = word.partition(":")
        if twin not in ("A", "B") or not vessel.strip():
            raise InputError(
                f"--keep {word!r}: expected a twin and a vessel, such as A:V003",
                remedy="name twin A or B, a colon, and a vessel by its id or name",
            )
        row = {"twin": twin, "vessel": vessel.strip()}
        if row not in _rows(held, "keep"):
            yield "keep", tuple(f"{name} = {_quote(row[name])}" for name in row)
    for vessel in dict.fromkeys(asked.split):
        if {"vessel": vessel} not in _rows(held, "split"):
            yield "split", (f"vessel = {_quote(vessel)}",)
    for path in asked.never_cut:
        if not is_nifti(path):
            yield from _balls_of(path, held)


def _balls_of(path: Path, held: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    rows = _rows(_parse(_read(path), path.name), "never-cut")
    if not rows:
        raise InputError(
            f"{path.name} holds no [[never-cut]]",
            remedy="give a painted NIfTI, or a TOML file with [[never-cut]] tables",
        )
    for number, row in enumerate(rows, start=1):
        ball = _ball(row, number)
        if row not in _rows(held, "never-cut"):
            yield (
                "never-cut",
                (
                    f"name = {_quote(ball.name)}",
                    f"position_lps_mm = {list(ball.position)}",
                    f"radius_mm = {float(ball.radius)}",
                ),
            )


def _quote(word: str) -> str:
    return dumps(word, ensure_ascii=False)
