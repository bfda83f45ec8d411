"""A report in the forms that other programs and people read; each a pure function to text."""

from pipeline.exports.html import write_html
from pipeline.exports.rttm import write_rttm
from pipeline.exports.vtt import write_vtt

__all__ = ["write_html", "write_rttm", "write_vtt"]
