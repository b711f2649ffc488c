"""The field for what people write at length, in the editor: comments, notes, reasons, descriptions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.safestring import SafeString

from common.characters import length_problem
from common.templatetags.ui import editor
from incidents.rules import LONGEST_NOTE


class Editor(forms.Textarea):
    """A plain text area, which static/js/editor.js gives tools, a preview and type-ahead of people."""

    most = LONGEST_NOTE
    upload_url = ""
    """Where files go that are pasted, dropped or chosen; none where there is no single incident yet."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        return editor(
            super().render(name, value, attrs, renderer),
            identifier=(attrs or {}).get("id", ""),
            preview_url=reverse("incidents:preview_text"),
            mentions_url=reverse("incidents:suggest_mentions"),
            upload_url=self.upload_url,
            upload_most=settings.ATTACHMENT_BYTES,
            most=self.most,
        )


def let_attach(form: forms.Form, incident_id: int) -> None:
    """Let files be attached to this incident from the editors of a form."""
    for field in form.fields.values():
        if isinstance(field.widget, Editor):
            field.widget.upload_url = reverse("incidents:attach", args=[incident_id])


class LongText(forms.CharField):
    """A text of at most `most` characters as people count them. The browser is not told: it would cut what is pasted
    without a word."""

    def __init__(self, *, most: int = LONGEST_NOTE, what: str = "The text", **options: Any) -> None:
        super().__init__(**{"widget": Editor, **options})
        self.most, self.what = most, what
        if isinstance(self.widget, Editor):
            self.widget.most = most

    def validate(self, value: Any) -> None:
        super().validate(value)
        if problem := length_problem(value, self.most, self.what):
            raise ValidationError(problem)


def note_field(label: str, placeholder: str, draft: str = "", *, most: int = LONGEST_NOTE) -> LongText:
    """A text that may be left out; `draft` names where the browser keeps what is not saved."""
    attributes = {"rows": 3, "placeholder": placeholder}
    if draft:
        attributes["data-draft"] = draft
    return LongText(required=False, label=label, most=most, widget=Editor(attrs=attributes))
