"""The tokens of links: random, and kept as a hash alone, so that a copy of the database opens
nothing (S15)."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, as 43 characters that may stand in an address."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256, in hexadecimal. Enough, for nobody can try them all."""
    return hashlib.sha256(token.encode()).hexdigest()
