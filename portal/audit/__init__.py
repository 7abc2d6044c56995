"""The audit log 审计日志: what every transaction changed, sealed into a chain before its commit.

``trace`` listens to the session and gathers what a transaction changes; ``chain`` adds the one
entry that says so; ``verify`` reads the chain back. Nothing here knows of requests: whoever
serves them says by :func:`use` who is at work. See docs/audit.md.
"""

from portal.audit.chain import append
from portal.audit.commands import record_command
from portal.audit.entry import Entry, tidy
from portal.audit.trace import Changes, Trace, about, insist, trace_of, use

__all__ = [
    "Changes",
    "Entry",
    "Trace",
    "about",
    "append",
    "insist",
    "record_command",
    "tidy",
    "trace_of",
    "use",
]
