"""Charge points, their connectors, transactions and meter values."""
