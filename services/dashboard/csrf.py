"""Proof that a form is one of ours: the session's token, and before there is a session a signed time."""

import hashlib
import hmac

LOGIN_FORM_S = 3600


def is_valid(expected: str, found: str | None) -> bool:
    """Compares in constant time; an empty expectation is never met."""
    return bool(expected) and hmac.compare_digest(expected.encode(), (found or "").encode())


def login_token(key: bytes, now_s: int) -> str:
    """For the login form: when it was made, signed."""
    return f"{now_s}.{_signature(key, now_s)}"


def is_login_token(key: bytes, now_s: int, token: str | None) -> bool:
    """Whether we made it within the last hour."""
    text, _, signature = (token or "").partition(".")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return False
    fresh = 0 <= now_s - int(text) <= LOGIN_FORM_S
    return fresh and hmac.compare_digest(_signature(key, int(text)).encode(), signature.encode())


def _signature(key: bytes, made_s: int) -> str:
    return hmac.new(key, f"login {made_s}".encode(), hashlib.sha256).hexdigest()
