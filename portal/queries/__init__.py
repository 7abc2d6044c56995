"""All reads that a page needs, shaped for the page and always scoped to a viewer."""
