"""What changed since, for open pages."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.queries import news
from incidents import verbs
from incidents.models import Incident


@needs(get=Permission.SEE_INCIDENTS)
def changes(request: PersonRequest) -> HttpResponse:
    """What changed since a moment, for open pages: 204 when nothing did."""
    try:
        since = int(request.GET.get("since", ""))
    except ValueError:
        return JsonResponse({"problem": "since is a whole number, as this address gave it last"}, status=400)
    found = news(min(max(since, 0), 2**62))
    touched = {incident_id for incident_id, _ in found.entries if incident_id is not None}
    visible = (
        set(Incident.objects.visible_to(request.user).filter(pk__in=touched).values_list("pk", flat=True))
        if touched
        else set()
    )
    if not visible:
        response = HttpResponse(status=204)
        response["X-Last-Entry"] = str(found.until)
        return response
    opened = {incident_id for incident_id, verb in found.entries if verb == verbs.OPENED.name}
    return JsonResponse({"last_entry": found.until, "incidents": sorted(visible), "new": len(opened & visible)})
