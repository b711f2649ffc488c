"""Icons: every role has a drawing, an unknown one fails loudly."""

import pytest

from common.icons import ROLES, UnknownIcon, drawing, icon
from entities.choices import EntityKind


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_has_a_drawing(role: str) -> None:
    shapes = drawing(role)
    assert shapes.startswith("<")
    assert "<svg" not in shapes and "<script" not in shapes


@pytest.mark.parametrize("kind", list(EntityKind))
def test_every_kind_of_entity_has_an_icon(kind: EntityKind) -> None:
    assert kind.slug in ROLES


def test_an_unknown_role_fails_loudly() -> None:
    with pytest.raises(UnknownIcon, match="unicorn"):
        icon("unicorn")


def test_an_unknown_size_fails_loudly() -> None:
    with pytest.raises(ValueError, match="huge"):
        icon("device", size="huge")


def test_an_icon_is_hidden_from_assistive_technology() -> None:
    assert 'aria-hidden="true"' in icon("device")


def test_an_icon_is_made_once() -> None:
    assert icon("device") is icon("device")
