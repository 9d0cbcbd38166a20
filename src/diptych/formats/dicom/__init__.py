"""DICOM series: CT written for two patients in one field, read only when identity is sure."""

from diptych.formats.dicom.series import SeriesLabel, read_series
from diptych.formats.dicom.writer import write_series

__all__ = ["SeriesLabel", "read_series", "write_series"]
