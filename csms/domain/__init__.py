"""The central system's own language: facts, questions, commands and rules.

Plain Python. No module here knows Django, a database, a clock or a version of OCPP.
"""
