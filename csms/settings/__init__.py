"""Settings: base, and development (the default of manage.py), test, production on top of it."""
