"""Shape and wording of comments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from activity.models import Entry
from incidents.forms.texts import Editor, LongText, let_attach
from incidents.models import Incident


def comment_field(placeholder: str = "") -> LongText:
    return LongText(
        label="Comment",
        widget=Editor(attrs={"rows": 3, "placeholder": placeholder}),
        error_messages={"required": "Write something first."},
    )


class CommentForm(forms.Form):
    """A comment by itself."""

    use_required_attribute = False
    text = comment_field("Write a comment; Markdown works")
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, incident: Incident, data: QueryDict | None = None, **start: Any) -> None:
        super().__init__(data, initial=start, auto_id="comment-%s")
        self.fields["text"].widget.attrs["data-draft"] = f"comment-{incident.pk}"
        let_attach(self, incident.pk)


class EditCommentForm(forms.Form):
    """A comment that is written anew; `version` is the entry that the person had before their eyes."""

    use_required_attribute = False
    text = comment_field()
    version = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, comment: Entry, data: QueryDict | None = None, **start: Any) -> None:
        super().__init__(data, initial=start, auto_id=f"comment-{comment.sequence}-%s")
        self.draft = f"comment-edit-{comment.incident_id}-{comment.sequence}"
        self.fields["text"].widget.attrs |= {"data-draft": self.draft, "data-draft-over": True, "rows": 4}
        let_attach(self, comment.incident_id or 0)
