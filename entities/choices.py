"""Kinds of entities: what an alert can be about."""

from common.terms import NamedTerms


class EntityKind(NamedTerms):
    """What sort of thing an entity is. Sources: Microsoft Graph evidence types, Sentinel entity types."""

    DEVICE = "device", "Device"
    USER = "user", "User"
    MAILBOX = "mailbox", "Mailbox"
    APPLICATION = "application", "App"
    CLOUD_RESOURCE = "cloud_resource", "Cloud resource"
    IP = "ip", "IP address"
    DOMAIN = "domain", "Domain"
    URL = "url", "URL"
    FILE = "file", "File"
    PROCESS = "process", "Process"
    MAIL_MESSAGE = "mail_message", "Mail message"
    MAIL_CLUSTER = "mail_cluster", "Mail cluster"
    REGISTRY_KEY = "registry_key", "Registry key"
    REGISTRY_VALUE = "registry_value", "Registry value"
    SECURITY_GROUP = "security_group", "Security group"
    MALWARE = "malware", "Malware"
    CONTAINER = "container", "Container"
    OTHER = "other", "Other"


ASSET_KINDS: tuple[EntityKind, ...] = (
    EntityKind.DEVICE,
    EntityKind.USER,
    EntityKind.MAILBOX,
    EntityKind.APPLICATION,
    EntityKind.CLOUD_RESOURCE,
)
"""Entities that belong to the organisation and can be harmed: the assets of DESIGN section 3."""


class Criticality(NamedTerms):
    """How much harm to an asset would be harm to the organisation; the highest first. Source of the levels: Microsoft
    Security Exposure Management, critical asset classifications."""

    VERY_HIGH = "very_high", "Very high"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


NOT_CRITICAL = "none"
"""What a person says of an asset that is none of the critical ones, whatever the rules say."""
