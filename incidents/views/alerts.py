"""Managing alerts from their own list: an alert belongs to its incident, whose log tells of what is done to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import Principal
from activity.actors import Actor
from activity.news import incidents_of_late_act
from activity.wording import in_words
from alerts.choices import AlertStatus
from alerts.lookup import visible_alerts
from alerts.models import Alert
from alerts.views import pane_context
from common import failures
from common.errors import FieldConflict, Refused
from common.query_strings import UnknownKeys
from incidents.changes import AlertChanges
from incidents.choices import Outcome
from incidents.commands import manage_alerts, take_back
from incidents.commands.alerts import MOST_ALERTS, AlertAct, AlertConflict
from incidents.commands.bulk import CHUNK, CHUNK_ALERTS
from incidents.commands.manage import Result
from incidents.forms.alerts import FIELDS, ManageAlertsForm, read_leave, read_versions, versions_text
from incidents.models import Incident
from incidents.queries import live
from incidents.queries.alert_news import alert_news
from incidents.views.answers import chosen_assignee, saved_event

CHOICES = [f"{word}_{name}" for name in FIELDS for word in ("keep", "theirs")]
"""What a form says of a conflict: the choice, and the alerts it is about."""
LABELS = {"status": "Status", "assignee": "Assigned to", "classification": "Classification"}


@needs(get=Permission.SEE_INCIDENTS)
def changes(request: PersonRequest) -> HttpResponse:
    """What changed since a moment, for an open list of alerts (`list`, `shown`): 204 when nothing did."""
    try:
        question = live.Question.of(request.GET)
        _, _, state = request.GET.get("list", "").partition("?")
        words = request.GET.get("shown", "").split(",")
        shown = {int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19}
        found = alert_news(question.since, QueryDict(state), shown, request.user)
    except live.BadQuestion as bad:
        return JsonResponse({"problem": str(bad)}, status=400)
    except (UnknownKeys, ValidationError):
        return JsonResponse({"problem": "list is the address of a list of alerts"}, status=400)
    around = live.surroundings(request.user, question)
    is_news = found.alerts or found.gone or found.arrived or found.is_cut or not around.are_known_to(question)
    response = HttpResponse(status=204)
    if is_news:
        news = {
            "last_entry": found.until,
            "incidents": found.alerts,
            "new": len(found.arrived),
            "arrived": found.arrived,
            "gone": found.gone,
            "all": found.is_cut,
        }
        response = JsonResponse(news | around.as_json())
    response["X-Last-Entry"] = str(found.until)
    response["Cache-Control"] = "no-store"
    return response


@needs(get=Permission.EDIT_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def manage(request: PersonRequest, alert_id: int) -> HttpResponse:
    """Status, assignee, classification of one alert, and a comment on its incident."""
    return _manage(request, [alert_id])


@needs(get=Permission.BULK_EDIT, post=Permission.BULK_EDIT)
def manage_many(request: PersonRequest) -> HttpResponse:
    """The same on several alerts, of whatever incidents; all or none."""
    return _manage(request, _named(request))


def form_of_chosen(request: PersonRequest) -> HttpResponse:
    """The form over alerts that were ticked one by one."""
    alerts = _found(request, _named(request))
    return _pane(request, alerts, ManageAlertsForm(alerts))


def _named(request: PersonRequest) -> list[int]:
    """The alerts that a form or an address names. Raises Http404 for none or too many."""
    words = request.POST.getlist("alert") or request.GET.getlist("alert")
    words = [word for text in words for word in text.split(",") if word]
    are_numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    if not words or len(words) > MOST_ALERTS or not are_numbers:
        raise Http404(f"Choose 1 to {MOST_ALERTS} alerts, or all that match.")
    return sorted({int(word) for word in words})


@needs(post=Permission.EDIT_INCIDENTS)
def assign_to_me(request: PersonRequest, alert_id: int) -> HttpResponse:
    """Take the alert on; its incident stays whose it is."""
    _found(request, [alert_id])
    changes = AlertChanges(assignee=request.user)
    try:
        act = manage_alerts([alert_id], changes, actor=request.user.as_actor(), batch=(batch := uuid4()))
    except Refused as refused:
        return failures.answer(request, failures.refused(refused.problem))
    return _saved(request, [alert_id], "The alert is yours", undo=batch if act.changed else None)


@needs(post=Permission.EDIT_INCIDENTS)
def undo(request: PersonRequest, batch: UUID) -> HttpResponse:
    """Take one's own act on alerts back, of one or of many, where nobody has touched it since; some incidents at a
    time, so that few are locked together."""
    results = taken_back(request.user, batch, request.user.as_actor(), uuid4())
    changed = sum(result.outcome == Outcome.CHANGED for result in results.values())
    left = list(dict.fromkeys(result.reason for result in results.values() if result.reason))
    text = f"Taken back in {changed} incident{'' if changed == 1 else 's'}" if changed else "Nothing was taken back"
    text = f"{text}. {left[0]}" if left else text
    if not request.htmx:
        messages.success(request, text)
        return redirect("alerts:queue")
    return saved_event(HttpResponse(""), text)


def taken_back(principal: Principal, act: UUID, actor: Actor, batch: UUID) -> dict[int, Result]:
    """What became of each incident that somebody's own act has changed, once it is taken back under another batch.
    Raises Http404 for an act that is not theirs, or was done too long ago."""
    numbers = incidents_of_late_act(actor, act)
    visible = Incident.objects.visible_to(principal).filter(pk__in=numbers).order_by("pk")
    sizes = list(visible.values_list("pk", "alerts_total"))
    if not sizes:
        raise Http404("There is no such act of yours, or it was done too long ago.")
    results: dict[int, Result] = {}
    for chunk in _handfuls(sizes):
        results |= take_back(chunk, act, actor=actor, principal=principal, batch=batch)
    return results


def _handfuls(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Incidents in groups that have no more alerts together than one transaction shall hold."""
    group: list[int] = []
    alerts = 0
    for number, size in sizes:
        if group and (alerts + size > CHUNK_ALERTS or len(group) == CHUNK):
            yield group
            group, alerts = [], 0
        group.append(number)
        alerts += size
    if group:
        yield group


def _manage(request: PersonRequest, alert_ids: Sequence[int]) -> HttpResponse:
    alerts = _found(request, alert_ids)
    if request.method != "POST":
        return _pane(request, alerts, ManageAlertsForm(alerts))
    form = ManageAlertsForm(alerts, request.POST)
    based_on = read_versions(request.POST.get("versions", ""))
    if based_on is None:
        form.add_error(None, "This form is damaged; open it again.")
    if not form.is_valid():
        return _pane(request, alerts, form, status=422)
    changes = form.changes()
    if changes.is_empty():
        form.add_error(None, "Choose something to change first.")
        return _pane(request, alerts, form, status=422)
    try:
        act = manage_alerts(
            alert_ids,
            changes,
            actor=request.user.as_actor(),
            based_on=based_on,
            leave=read_leave(request.POST),
            once=form.cleaned_data["once"],
            batch=(batch := uuid4()),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _pane(request, alerts, form, status=422)
    except AlertConflict as conflict:
        alerts = _found(request, alert_ids)
        return _pane(request, alerts, form.brought_up_to_date(alerts), status=409, conflict=conflict)
    was_active = alerts[0].status != AlertStatus.RESOLVED
    text, undo = in_a_sentence(act, len(alert_ids)), batch if act.changed else None
    return _saved(request, alert_ids, text, was_active=was_active, undo=undo)


def in_a_sentence(act: AlertAct, chosen: int) -> str:
    """What came of a save, as the toast says it."""
    if not act.changed:
        text = "Nothing was changed" if not act.comments else "Comment added"
    elif chosen == 1:
        text = "Saved the alert"
    else:
        text = f"Saved {act.changed} alert{'s' if act.changed != 1 else ''}"
        text += f"; {act.unchanged} were so already" if act.unchanged else ""
    if len(act.resolved) == 1:
        text += f". #{act.resolved[0]} is resolved: none of its alerts is active."
    elif act.resolved:
        text += f". {len(act.resolved)} incidents are resolved: none of their alerts is active."
    return text


def _found(request: PersonRequest, alert_ids: Sequence[int]) -> list[Alert]:
    alerts = list(visible_alerts(request.user, alert_ids))
    if len(alerts) != len(alert_ids):
        raise Http404("One of these alerts does not exist, or you may not see it.")
    return alerts


def _pane(
    request: PersonRequest,
    alerts: Sequence[Alert],
    form: ManageAlertsForm,
    *,
    status: int = 200,
    conflict: AlertConflict | None = None,
) -> HttpResponse:
    one = alerts[0] if len(alerts) == 1 else None
    word = form["assignee"].value() or ""
    context: dict[str, Any] = {
        "alerts": alerts,
        "one": one,
        "address": reverse("alert_acts:manage", args=[one.pk]) if one else reverse("alert_acts:manage_many"),
        "form": form,
        "was": [(f"was_{name}", form.was[name]) for name in FIELDS],
        "versions": request.POST.get("versions", "") if form.is_bound and not conflict else versions_text(alerts),
        "numbers": ",".join(str(alert.pk) for alert in alerts),
        "assignee": chosen_assignee("" if form.is_mixed("assignee") and not form.is_bound else word),
        "mixed_assignee": form.is_mixed("assignee"),
        "incidents": len({alert.incident_id for alert in alerts}),
        "in_pane": bool(request.htmx),
        "draft": f"manage-alert-{one.pk}" if one else "manage-alerts",
        "once": form["once"].value() or uuid4(),
        "carried": [(key, request.POST[key]) for key in CHOICES if key in request.POST],
    }
    if conflict:
        context["carried"] = []
        context["conflict_by"] = ", ".join(dict.fromkeys(each.changed_by for each in conflict.conflicts))
        context["conflicts"] = [_in_both_words(each, conflict) for each in conflict.conflicts]
        context["theirs"] = [
            (f"theirs_{name}", ",".join(map(str, sorted(numbers)))) for name, numbers in conflict.alerts.items()
        ]
    template = "alerts/manage.html#pane" if request.htmx else "alerts/manage.html"
    return render(request, template, context, status=status)


def _in_both_words(each: FieldConflict, conflict: AlertConflict) -> dict[str, str]:
    """A field in conflict with both values as people read them."""
    on = len(conflict.alerts[each.field])
    return {
        "name": each.field,
        "label": LABELS[each.field] + (f" of {on} alerts" if on > 1 else ""),
        "theirs": in_words(each.theirs, each.field) or "Nobody",
        "yours": in_words(each.mine, each.field) or "Nobody",
    }


def _saved(
    request: PersonRequest, alert_ids: Sequence[int], text: str, *, was_active: bool = False, undo: UUID | None = None
) -> HttpResponse:
    """After a save: the pane shows the alert as it is now, or closes after several; the list is told, and of what has
    just been resolved, so that the next one comes in front."""
    if not request.htmx:
        messages.success(request, text, extra_tags=f"manage-alert-{alert_ids[0]}")
        return redirect("alerts:alert", alert_ids[0]) if len(alert_ids) == 1 else redirect("alerts:queue")
    undo_url = reverse("alert_acts:undo", args=[undo]) if undo else ""
    if len(alert_ids) > 1:
        return saved_event(HttpResponse(""), text, close_pane=True, undo_url=undo_url)
    alert = _found(request, alert_ids)[0]
    resolved = alert.pk if was_active and alert.status == AlertStatus.RESOLVED else None
    response = render(request, "alerts/pane.html", pane_context(request, alert))
    return saved_event(response, text, resolved=resolved, undo_url=undo_url)
