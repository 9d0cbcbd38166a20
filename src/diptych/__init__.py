"""Diptych plans, rehearses and runs the surgical separation of conjoined twins.

Decision support for a clinical team; it never decides in silence. Not a medical device.
The names below are the public door; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diptych.model import (
        DiptychError,
        EdgeError,
        Infeasible,
        InputError,
        SafetyRefusal,
        TwinId,
        UsageError,
    )
    from diptych.pipeline.demo import DemoOrder, make_demo
    from diptych.pipeline.export import export_case
    from diptych.pipeline.opening import new_case
    from diptych.pipeline.plan import PlanOptions, Watcher, plan_case
    from diptych.pipeline.results import load_result, load_schedule
    from diptych.pipeline.verify import verify_case

__version__ = "0.1.0"

_HOME = {
    "DemoOrder": "diptych.pipeline.demo",
    "DiptychError": "diptych.model",
    "EdgeError": "diptych.model",
    "Infeasible": "diptych.model",
    "InputError": "diptych.model",
    "PlanOptions": "diptych.pipeline.plan",
    "SafetyRefusal": "diptych.model",
    "TwinId": "diptych.model",
    "UsageError": "diptych.model",
    "Watcher": "diptych.pipeline.plan",
    "export_case": "diptych.pipeline.export",
    "load_result": "diptych.pipeline.results",
    "load_schedule": "diptych.pipeline.results",
    "make_demo": "diptych.pipeline.demo",
    "new_case": "diptych.pipeline.opening",
    "plan_case": "diptych.pipeline.plan",
    "verify_case": "diptych.pipeline.verify",
}

__all__ = [
    "DemoOrder",
    "DiptychError",
    "EdgeError",
    "Infeasible",
    "InputError",
    "PlanOptions",
    "SafetyRefusal",
    "TwinId",
    "UsageError",
    "Watcher",
    "__version__",
    "export_case",
    "load_result",
    "load_schedule",
    "make_demo",
    "new_case",
    "plan_case",
    "verify_case",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'diptych' has no attribute {name!r}")
