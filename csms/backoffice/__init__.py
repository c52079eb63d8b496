"""The screens for people: reference data in the admin, and live screens in the same shell."""
