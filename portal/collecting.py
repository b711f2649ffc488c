"""When Python looks for objects that hold only each other.

It counts what is made and does so every 700 objects, and now and then goes through all there is. The modules of an
application alone are some hundred thousand objects, so that taking in a batch of alerts costs a tenth more. What is
loaded at the start stays to the end and need not be gone through; what a request makes goes by itself, but for little.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 50_000, 10, 10
"""Objects that are made until the young are gone through; and how often those are until the older ones are, too."""


def settle() -> None:
    """To be called once a process has loaded what it works with."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
