"""Report: a run as one page of HTML that works offline, asks the network for nothing, and can follow a search."""

from einspace.result.report.album import Album
from einspace.result.report.frame import framed, is_page_of
from einspace.result.report.live import PORT, LiveReport
from einspace.result.report.page import comparison, content, page

__all__ = ["PORT", "Album", "LiveReport", "comparison", "content", "framed", "is_page_of", "page"]
