"""Shape and wording of what is said on the way to a new password."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.forms.people import PasswordFields


class ResetForm(forms.Form):
    email = forms.EmailField(max_length=254, label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class NewPasswordForm(PasswordFields):
    """The password that is chosen by a link."""

    def __init__(self, user: object, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
