"""Writes the reference pages that come from the code: the command line and the tables."""

from pathlib import Path

import click
from typer.main import get_command

from diptych.cli.main import app
from diptych.tables import load_table, table_names

REFERENCE = Path(__file__).parent / "reference"


def command_line() -> str:
    group = get_command(app)
    lines = [
        "# Command line",
        "",
        "Made from the code by `make docs`. `diptych VERB CASE [options]`, also"
        " `python -m diptych`.",
        "",
        "Exit codes: 0 done, 1 failed, 2 usage, 3 input refused, 4 infeasible,"
        " 5 found but not proven. Results go to stdout, progress and messages to stderr.",
    ]
    commands = group.commands  # type: ignore[attr-defined]
    for name in sorted(commands):
        with click.Context(commands[name], info_name=f"diptych {name}") as context:
            text = commands[name].get_help(context)
        lines += ["", f"## diptych {name}", "", "```", *map(str.rstrip, text.splitlines()), "```"]
    return "\n".join(lines) + "\n"


def tables() -> str:
    lines = [
        "# Tables",
        "",
        "Made from the tables by `make docs`. The clinical team replaces a row by a file of the"
        " same name in `CASE/tables/`; see docs/howto/change-a-number.md.",
    ]
    for name in table_names():
        table = load_table(name)
        lines += ["", f"## {name}", "", table.title, "", "| key | value | confidence | source |"]
        lines += ["|---|---|---|---|"]
        for key, row in table.rows.items():
            value = f"{row.fields.get('value', '')} {row.fields.get('unit', '')}".strip()
            source = row.source.replace("|", "/")
            lines.append(f"| {key} | {value} | {row.confidence.value} | {source} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    (REFERENCE / "command-line.md").write_text(command_line(), "utf-8")
    (REFERENCE / "tables.md").write_text(tables(), "utf-8")


if __name__ == "__main__":
    main()
