"""What a paper is made of: loaded in the viewer's scope, then told as plain facts."""

from portal.queries.papers.subjects import Subject, get_subject

__all__ = ["Subject", "get_subject"]
