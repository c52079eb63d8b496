"""Judges a charge point or a central system by raw JSON on the wire; knows neither."""
