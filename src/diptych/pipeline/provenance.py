"""Where the dossier's figures come from: hashes of the parts, and the table rows used."""

from collections.abc import Sequence

from diptych import __version__
from diptych.pipeline.manifest import outputs_digest
from diptych.pipeline.stage import Run, Stage
from diptych.tables import TableRow


def provenance(run: Run, stages: Sequence[Stage]) -> tuple[tuple[str, str], ...]:
    """Name and hash of every part that the dossier was made from, and the program's version."""
    parts = [
        (stage.verb, outputs_digest(run.place(stage.place)))
        for stage in stages
        if run.place(stage.place).is_dir()
    ]
    return (("diptych", __version__), *parts)


def rows_used(run: Run, stages: Sequence[Stage]) -> tuple[TableRow, ...]:
    """Every row of the tables that the parts read, replaced by the team or not, in order."""
    names = sorted({name for stage in stages for name in stage.tables})
    tables = run.tables(tuple(names))
    return tuple(row for name in names for row in tables[name].rows.values())
