"""Every can_* rule, and what a viewer may see."""
