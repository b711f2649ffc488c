"""Answers of SAML that wait for the request which has the browser's own session; a minute at most, and taken once."""

from __future__ import annotations

from accounts.sessions import SessionStore

KEY, SECONDS = "saml_answer", 60


def keep_answer(answer: str) -> str:
    """Under which key it waits; nobody can guess it."""
    store = SessionStore()
    store[KEY] = answer
    store.set_expiry(SECONDS)
    store.create()
    return store.session_key or ""


def take_answer(key: str) -> str:
    """The answer, which is gone with that; "" where there is none."""
    store = SessionStore(key)
    answer = str(store.get(KEY, ""))
    if answer:
        store.delete()
    return answer
