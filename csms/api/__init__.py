"""REST under /api/v1/: one module per resource. Whatever the back office can do, this can do."""
