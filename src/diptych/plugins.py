"""Plug points: boards, cut solvers, engines and segmenters that other packages may bring.

A package declares an entry point, for instance `[project.entry-points."diptych.engines"]`;
its object must do what the protocol in `diptych.model.ports` says. The built-in ones are
declared the same way.
"""

from importlib.metadata import EntryPoint, entry_points

from diptych.model import UsageError

GROUPS = ("diptych.boards", "diptych.cut_solvers", "diptych.engines", "diptych.segmenters")


def list_plugins() -> list[dict[str, object]]:
    """Plug point, name and object of everything that is installed, sorted."""
    found = [(group, entry) for group in GROUPS for entry in entry_points(group=group)]
    return [
        {"plug_point": group, "name": entry.name, "object": entry.value}
        for group, entry in sorted(found, key=lambda pair: (pair[0], pair[1].name))
    ]


def load_plugin(group: str, name: str) -> object:
    """The object of that name; UsageError that names what is installed if there is none."""
    installed: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=group)}
    if name not in installed:
        raise UsageError(
            f"no plug-in {name!r} for {group}; installed: {', '.join(sorted(installed)) or 'none'}",
            remedy="install the package that brings it, or name another",
        )
    return installed[name].load()
