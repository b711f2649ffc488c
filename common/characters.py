"""Characters as people count them, and how long a text may be.

An emoji of a family or an accent typed apart is one character to who writes it, though it is several code points:
counted are extended grapheme clusters. Source: Unicode Standard Annex 29.
"""

from __future__ import annotations

from wcwidth import iter_graphemes

BYTES_A_CHARACTER = 8
"""On average, in UTF-8: twice what any single code point takes. A text beyond it is made of piled-up marks, which count
as one character each and would otherwise have no end."""


def count_characters(text: str) -> int:
    """How many characters a person sees."""
    return len(text) if text.isascii() and "\r" not in text else sum(1 for _ in iter_graphemes(text))


def length_problem(text: str, most: int, what: str = "The text", way_out: str = "Shorten or split it.") -> str:
    """What is wrong with the length of a text that may have `most` characters, as a sentence; empty if nothing is."""
    size = len(text.encode(errors="replace"))
    most_bytes = most * BYTES_A_CHARACTER
    if size > 4 * most_bytes:
        return f"{what} is {size:,} bytes long; {most_bytes:,} are allowed. {way_out}"
    characters = count_characters(text)
    if characters > most:
        return f"{what} has {characters:,} characters; {most:,} are allowed. {way_out}"
    if size > most_bytes:
        return (
            f"{what} has {characters:,} characters, but is {size:,} bytes long; {most_bytes:,} are allowed. "
            "Take out accents that are piled up, or some of the emoji."
        )
    return ""
