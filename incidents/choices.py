"""Terms of incidents. Severity, classification and determination are shared with alerts (alerts/choices.py)."""

from common.terms import NamedTerms, RankedTerms


class IncidentStatus(RankedTerms):
    ACTIVE = 1, "Active"
    IN_PROGRESS = 2, "In progress"
    RESOLVED = 3, "Resolved"
    REDIRECTED = 4, "Redirected"


OPEN_STATUSES = (IncidentStatus.ACTIVE, IncidentStatus.IN_PROGRESS)


class TagKind(NamedTerms):
    """Who sets a tag and how it looks: custom tags by people, the others by the system alone."""

    CUSTOM = "custom", "Custom tag"
    ATTACK = "attack", "Type of attack"
    AUTOMATIC = "automatic", "Automatic action"
    CRITICAL = "critical", "Critical asset"
    REDIRECTED = "redirected", "Redirected"
