"""The case folder: where everything lies, and changes that happen all at once or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import mkdtemp

from diptych.model import EdgeError, InputError

_held: ContextVar[frozenset[Path]] = ContextVar("_held", default=frozenset())


class CaseFolder:
    """Paths inside one case; nothing is created by asking for a path."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.case_file = self.root / "case.toml"
        self.roster = self.root / "roster.csv"
        self.workbook = self.root / "roster.xlsx"
        self.raw = self.root / "raw"
        self.tables = self.root / "tables"
        self.corrections = self.root / "corrections"
        self.demands = self.root / "demands.toml"
        self.never_cut = self.root / "never-cut"
        self.derivatives = self.root / "derivatives"
        self.dossier = self.root / "dossier" / "index.html"
        self.log = self.root / "theatre" / "log.db"

    def require(self) -> None:
        """Raises InputError unless this is a case folder."""
        if not self.root.is_dir():
            raise InputError(
                f"case folder {self.root.name!r} does not exist",
                remedy="make one with: diptych new CASE (or diptych demo for an example)",
            )
        if not self.case_file.is_file():
            raise InputError(
                f"{self.root.name!r} has no case.toml, so it is not a case folder",
                remedy="make one with: diptych new CASE",
            )

    def override(self, table: str) -> str:
        """The clinical team's rows for a table (TOML text), or nothing."""
        path = self.tables / f"{table}.toml"
        return read_text(path) if path.is_file() else ""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held by one writer at a time; a second is told at once. Leaves no file behind.

        Who holds it may take it again: several steps of one command then are one.
        """
        if self.root in _held.get():
            yield
            return
        with self.case_file.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise EdgeError(
                    f"another command is working on case {self.root.name!r}",
                    remedy="wait until it has ended, then run this one again",
                ) from error
            token = _held.set(_held.get() | {self.root})
            try:
                yield
            finally:
                _held.reset(token)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder beside the case, gone afterwards; leftovers of dead runs are cleared."""
        prefix = f".{self.root.name}.staging-"
        for leftover in self.root.parent.glob(f"{prefix}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            folder = Path(mkdtemp(prefix=prefix, dir=self.root.parent))
        except OSError as error:
            raise EdgeError(
                f"no room to work beside {self.root.name!r}: {error.strerror}",
                remedy="make its parent folder writable, or free some space",
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, staged: Mapping[str, Path]) -> None:
        """Puts staged folders in place of the old ones, each by a rename."""
        for place in sorted(staged):
            target = self.root / place
            target.parent.mkdir(parents=True, exist_ok=True)
            old = staged[place].with_name(staged[place].name + ".old")
            if target.exists():
                target.rename(old)
            staged[place].rename(target)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8; InputError if it is missing or not text."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise InputError(
            f"{path.name} is missing from {path.parent.name!r}",
            remedy=f"put {path.name} back, or start again with: diptych new CASE",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path.name} cannot be read as UTF-8 text: {error}",
            remedy=f"save {path.name} as UTF-8",
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, or a power cut, sees the old or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
