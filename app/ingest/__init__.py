"""Bring documents into a site: find them, tell what changed, store what did."""

from app.ingest.report import IngestReport, Progress
from app.ingest.run import ingest

__all__ = ["IngestReport", "Progress", "ingest"]
