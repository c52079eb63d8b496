"""The event log: one append-only table, and the projections that are folded from it."""
