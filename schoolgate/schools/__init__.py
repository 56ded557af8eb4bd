"""Establishments, pupils, identifiers, enrolments and care episodes."""
