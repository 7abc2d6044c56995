"""State machines: one module per aggregate, all applied by engine.transition()."""

from portal.workflow.engine import (
    Step,
    Workflow,
    check_version,
    record,
    session_of,
    transition,
)

__all__ = ["Step", "Workflow", "check_version", "record", "session_of", "transition"]
