"""Diptych plans, rehearses and runs the surgical separation of conjoined twins.

Decision support for a clinical team; it never decides in silence. Not a medical device.
"""

__version__ = "0.1.0"
