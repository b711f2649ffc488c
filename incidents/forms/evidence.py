"""Shape and wording of the forms about evidence: judging it, and adding some by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from alerts.changes import Judgement
from alerts.choices import RemediationStatus, Verdict
from entities.choices import EntityKind
from entities.identity import IdentityError
from entities.recognition import ADDABLE, LONGEST_TEXT, Recognised, recognise, refanged
from incidents.forms.texts import Editor, LongText
from incidents.rules import LONGEST_EVIDENCE_NOTE, MOST_ADDED

LEAVE = ""
FIELDS = ("verdict", "remediation_status")
LONGEST_LINE = 1_000
"""Characters of a line that names one entity."""


class JudgeForm(forms.Form):
    """What the chosen entities were found to be, and what was done about them."""

    verdict = forms.ChoiceField(choices=[(LEAVE, "Leave as it is"), *Verdict.choices], required=False)
    remediation_status = forms.ChoiceField(
        choices=[(LEAVE, "Leave as it is"), *RemediationStatus.choices], required=False
    )
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "version" in self.errors:
            del self.errors["version"]
            raise forms.ValidationError("This form is damaged; open it again.")
        if not self.errors and not any(cleaned.get(name) for name in FIELDS):
            raise forms.ValidationError("Choose a verdict or a remediation status first.")
        return cleaned

    def judgement(self) -> Judgement:
        verdict, status = (self.cleaned_data[name] for name in FIELDS)
        return Judgement(Verdict(verdict) if verdict else None, RemediationStatus(status) if status else None)


def read_leave(data: Mapping[str, Any]) -> dict[str, frozenset[int]]:
    """Which entities keep what somebody else found, where the person chose "Keep theirs"."""
    leave = {}
    for name in FIELDS:
        words = str(data.get(f"theirs_{name}", "")).split(",")
        numbers = {int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19}
        if numbers and data.get(f"keep_{name}") == "theirs":
            leave[name] = frozenset(numbers)
    return leave


class AddForm(forms.Form):
    """Text in which indicators are recognised, or lines that each name one thing of a kind."""

    text = forms.CharField(
        label="What was found",
        help_text="Paste a report, a mail or lines of a log; defanged indicators are recognised as well.",
        strip=False,
        max_length=LONGEST_TEXT,
        error_messages={
            "required": "Paste or type something first.",
            "max_length": f"The text has %(show_value)d characters; {LONGEST_TEXT:,} are allowed. Paste it in parts.",
        },
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false", "data-focus": True, "maxlength": None}),
    )
    kind = forms.ChoiceField(
        label="Type",
        choices=[(LEAVE, "Recognise by itself"), *((str(kind), kind.label) for kind in ADDABLE)],
        required=False,
        help_text="With a type, each line is taken as one of it.",
    )
    verdict_word = forms.ChoiceField(label="Verdict", choices=Verdict.choices, required=False)
    note = LongText(
        label="Note",
        required=False,
        help_text="Where it was found, or why it matters; stands beside it.",
        most=LONGEST_EVIDENCE_NOTE,
        what="The note",
        widget=Editor(attrs={"rows": 2}),
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError("Paste or type something first.")
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            self._found = self._read(cleaned["text"], cleaned["kind"])
        return cleaned

    def _read(self, text: str, kind: str) -> list[Recognised]:
        found = _lines(text, EntityKind(kind)) if kind else recognise(text)
        if not found:
            self.add_error(
                "text",
                "No indicator was recognised. Choose a type and write one on each line, such as a host name.",
            )
        if len(found) > MOST_ADDED:
            self.add_error(
                "text",
                f"{len(found):,} indicators were recognised; {MOST_ADDED} are allowed at once. Paste it in parts.",
            )
        for one in found[:MOST_ADDED]:
            try:
                one.identity(None)
            except IdentityError as error:
                self.add_error("text", f"“{one.text[:80]}”: {error.problem}")
                break
        return found

    def found(self) -> list[Recognised]:
        """What the text names."""
        return self._found

    def chosen(self) -> list[Recognised]:
        """What the person left ticked of it."""
        wanted = set(self.data.getlist("item")) if hasattr(self.data, "getlist") else set()
        return [one for one in self._found if one.word in wanted]

    def verdict(self) -> Verdict:
        return Verdict(self.cleaned_data["verdict_word"] or Verdict.UNKNOWN)


def _lines(text: str, kind: EntityKind) -> list[Recognised]:
    lines = [refanged(line)[:LONGEST_LINE] for line in text.splitlines() if line.strip()]
    return [Recognised(kind, line) for line in dict.fromkeys(lines)]
