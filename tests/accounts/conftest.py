"""These tests sign many people in and look at cached figures."""

from tests.alone import quick_and_alone

__all__ = ["quick_and_alone"]
