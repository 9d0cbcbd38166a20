"""Ways to map a function over seeds, chunks or cases; nothing else."""

from diptych.engines.local import LocalEngine

__all__ = ["LocalEngine"]
