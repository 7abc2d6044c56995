"""Short secrets that the portal must read again, sealed with a key made from its own.

Whoever reads the database alone learns nothing from them. With another PORTAL_SECRET_KEY
they cannot be read any more (docs/accounts.md says what to do then).
"""

import base64
import hashlib
import hmac

_key = b""


def use_key(secret_key: str) -> None:
    """Make the key from the portal's own; called once, when the portal starts."""
    global _key
    _key = hashlib.sha256(b"portal sealing\0" + secret_key.encode()).digest()


def seal(text: str) -> str:
    """Return ``text`` encrypted."""
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(_key)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str | None:
    """Return the text in ``sealed``, or None if it was sealed with another key."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(base64.urlsafe_b64encode(_key)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def mark(text: str) -> str:
    """Return a fingerprint of ``text`` that only this portal can make: for short codes."""
    return hmac.new(_key, text.encode(), hashlib.sha256).hexdigest()
