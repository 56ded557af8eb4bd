"""Roles, grants, restrictions, denials, and the one definition of scope."""
