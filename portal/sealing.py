"""Short secrets that the portal must read again, sealed with a key made from its own.

Whoever reads the database alone learns nothing from them. With another PORTAL_SECRET_KEY
they cannot be read any more (docs/accounts.md says what to do then).
"""

import base64
import hashlib
import hmac
from typing import Any

_keys = [b""]


def use_key(secret_key: str, old: str = "") -> None:
    """Make the keys from the portal's own; called once, when the portal starts.

    The ``old`` one still opens what was sealed with it, and seals nothing any more.
    """
    global _keys
    secrets = [secret_key, *([old] if old else [])]
    _keys = [hashlib.sha256(b"portal sealing\0" + one.encode()).digest() for one in secrets]


def _box() -> Any:
    """Return what seals with the first key, and opens with each."""
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in _keys])


def seal(text: str) -> str:
    """Return ``text`` encrypted."""
    return str(_box().encrypt(text.encode()).decode())


def unseal(sealed: str) -> str | None:
    """Return the text in ``sealed``, or None if it was sealed with another key."""
    from cryptography.fernet import InvalidToken

    try:
        return str(_box().decrypt(sealed.encode()).decode())
    except InvalidToken:
        return None


def mark(text: str) -> str:
    """Return a fingerprint of ``text`` that only this portal can make: for short codes."""
    return marks(text)[0]


def marks(text: str) -> list[str]:
    """Return the fingerprint of ``text`` by the present key, and by the old one if there is."""
    return [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in _keys]
