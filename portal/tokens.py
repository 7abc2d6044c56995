"""Secrets that stand in an address or a cookie; the database keeps only their SHA-256."""

import hashlib
import secrets

BYTES = 32


def new_secret() -> str:
    """Return 256 bits of chance as 43 letters, digits, '-' and '_'."""
    return secrets.token_urlsafe(BYTES)


def fingerprint(secret: str) -> str:
    """Return what is kept of ``secret``: whoever reads the database cannot make the address."""
    return hashlib.sha256(secret.encode()).hexdigest()
