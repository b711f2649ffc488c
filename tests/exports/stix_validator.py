"""OASIS' validator of STIX, for the tests of bundles.

It brings in `cpe`, which has no wheel, for names of products that some bundles carry. Ours carry none, so it is given
something that fails the test which asks for it.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any


def _no_products(*_: Any) -> Any:
    raise AssertionError("a bundle names a product, which needs the package cpe to be checked")


if importlib.util.find_spec("cpe") is None:
    sys.modules["cpe"] = ModuleType("cpe")
    sys.modules["cpe"].CPE = _no_products  # type: ignore[attr-defined]

from stix2validator import ValidationOptions, validate_instance  # noqa: E402

__all__ = ["ValidationOptions", "validate_instance"]
