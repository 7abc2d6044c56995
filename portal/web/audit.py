"""Ties the audit log to requests: which views take something out of the portal."""

from collections.abc import Callable
from typing import Any, TypeVar

from portal.models import AuditKind

View = TypeVar("View", bound=Callable[..., Any])

TAKES = "portal_takes"


def downloads(view: View) -> View:
    """Mark a view whose good answer is a file, shown or saved: it leaves one audit entry."""
    return _taking(view, AuditKind.DOWNLOAD)


def exports(view: View) -> View:
    """Mark a view whose good answer is a table or an official sheet made for taking away."""
    return _taking(view, AuditKind.EXPORT)


def _taking(view: View, kind: AuditKind) -> View:
    """Remember ``kind`` on ``view``, which stands directly under its route."""
    setattr(view, TAKES, kind)
    return view
