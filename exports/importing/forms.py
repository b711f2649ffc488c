"""Shape and wording of choosing an archive."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from exports.importing.receiving import most, too_large


class ImportForm(forms.Form):
    """The archive that somebody has chosen."""

    file = forms.FileField(
        label="Archive",
        allow_empty_file=True,
        error_messages={"required": "Choose an archive first."},
        widget=forms.FileInput(
            attrs={
                "accept": ".zip,application/zip",
                # an answer comes with a form of its own; this field stays, with what is chosen in it
                "hx-preserve": True,
                "aria-describedby": "id_file_helptext id_file_error",
            }
        ),
    )

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        field = self.fields["file"]
        field.help_text = f"A ZIP of at most {most()}. A larger one is imported with manage.py import_incident."
        field.widget.attrs |= {"data-most": settings.ARCHIVE_BYTES, "data-too-large": too_large()}
