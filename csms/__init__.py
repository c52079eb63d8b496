"""The central system. Layers, top to bottom: gateway | api | backoffice, operations : access : charging,
outbox, eventlog, dialects, domain; imports go downwards only."""

__version__ = "0.1.0"
