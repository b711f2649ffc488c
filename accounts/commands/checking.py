"""Model validation in a command's words."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db.models import Model

from common.errors import Refused


def check(instance: Model, *, whole: str = "", exclude: Collection[str] = ()) -> None:
    """Validate a row about to be stored; its first finding is Refused at the field, and what concerns the row as a
    whole, such as a name that is taken, at the field `whole`. `exclude` names fields that were checked otherwise."""
    try:
        instance.full_clean(exclude={"password", *exclude})
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(" ".join(messages), field=whole if field == "__all__" else field) from None
