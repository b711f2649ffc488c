"""Terms of alerts and evidence, shared upward by incidents."""

from common.terms import NamedTerms, RankedTerms


class Severity(RankedTerms):
    """How much harm the activity could do. Told by bars and word, never by colour alone."""

    INFORMATIONAL = 1, "Informational"
    LOW = 2, "Low"
    MEDIUM = 3, "Medium"
    HIGH = 4, "High"


class AlertStatus(RankedTerms):
    NEW = 1, "New"
    IN_PROGRESS = 2, "In progress"
    RESOLVED = 3, "Resolved"


class Classification(NamedTerms):
    """What the analysts found the activity to be; may be set at any time."""

    NOT_SET = "not_set", "Not set"
    TRUE_POSITIVE = "true_positive", "True positive"
    INFORMATIONAL_EXPECTED_ACTIVITY = "informational_expected_activity", "Informational, expected activity"
    FALSE_POSITIVE = "false_positive", "False positive"


class Determination(NamedTerms):
    """The kind of activity behind a classification; each fits certain classifications only (see DETERMINATIONS)."""

    NOT_SET = "not_set", "Not set"
    MULTI_STAGED_ATTACK = "multi_staged_attack", "Multi-staged attack"
    MALICIOUS_USER_ACTIVITY = "malicious_user_activity", "Malicious user activity"
    COMPROMISED_ACCOUNT = "compromised_account", "Compromised account"
    MALWARE = "malware", "Malware"
    PHISHING = "phishing", "Phishing"
    UNWANTED_SOFTWARE = "unwanted_software", "Unwanted software"
    SECURITY_TESTING = "security_testing", "Security testing"
    LINE_OF_BUSINESS_APPLICATION = "line_of_business_application", "Line-of-business application"
    CONFIRMED_ACTIVITY = "confirmed_activity", "Confirmed activity"
    NOT_MALICIOUS = "not_malicious", "Not malicious"
    NOT_ENOUGH_DATA_TO_VALIDATE = "not_enough_data_to_validate", "Not enough data to validate"
    OTHER = "other", "Other"


DETERMINATIONS: dict[Classification, tuple[Determination, ...]] = {
    Classification.NOT_SET: (),
    Classification.TRUE_POSITIVE: (
        Determination.MULTI_STAGED_ATTACK,
        Determination.MALICIOUS_USER_ACTIVITY,
        Determination.COMPROMISED_ACCOUNT,
        Determination.MALWARE,
        Determination.PHISHING,
        Determination.UNWANTED_SOFTWARE,
        Determination.OTHER,
    ),
    Classification.INFORMATIONAL_EXPECTED_ACTIVITY: (
        Determination.SECURITY_TESTING,
        Determination.LINE_OF_BUSINESS_APPLICATION,
        Determination.CONFIRMED_ACTIVITY,
        Determination.OTHER,
    ),
    Classification.FALSE_POSITIVE: (
        Determination.NOT_MALICIOUS,
        Determination.NOT_ENOUGH_DATA_TO_VALIDATE,
        Determination.OTHER,
    ),
}


def finding_in_words(classification: Classification, determination: Determination) -> str:
    """Classification and determination as people read them: "True positive, phishing"."""
    label = str(classification.label)
    return label if determination == Determination.NOT_SET else f"{label}, {str(determination.label).lower()}"


class Verdict(NamedTerms):
    """What a piece of evidence was found to be."""

    UNKNOWN = "unknown", "Unknown"
    SUSPICIOUS = "suspicious", "Suspicious"
    MALICIOUS = "malicious", "Malicious"
    NO_THREATS_FOUND = "no_threats_found", "No threats found"


class RemediationStatus(NamedTerms):
    """What has been done about a piece of evidence. Source: Microsoft Graph, evidenceRemediationStatus."""

    NONE = "none", "None"
    ACTIVE = "active", "Active"
    PENDING_APPROVAL = "pending_approval", "Pending approval"
    RUNNING = "running", "Running"
    REMEDIATED = "remediated", "Remediated"
    PARTIALLY_REMEDIATED = "partially_remediated", "Partially remediated"
    PREVENTED = "prevented", "Prevented"
    BLOCKED = "blocked", "Blocked"
    NOT_FOUND = "not_found", "Not found"
    DECLINED = "declined", "Declined"
    UNREMEDIATED = "unremediated", "Unremediated"


class EvidenceRole(NamedTerms):
    """The part an entity plays in an alert. Source: Microsoft Graph, evidenceRole."""

    CONTEXTUAL = "contextual", "Contextual"
    SOURCE = "source", "Source"
    DESTINATION = "destination", "Destination"
    ATTACKED = "attacked", "Attacked"
    ATTACKER = "attacker", "Attacker"
    COMPROMISED = "compromised", "Compromised"
    COMMAND_AND_CONTROL = "command_and_control", "Command and control"
    CREATED = "created", "Created"
    ADDED = "added", "Added"
    EDITED = "edited", "Edited"
    LOADED = "loaded", "Loaded"
    SCANNED = "scanned", "Scanned"
    SUSPICIOUS = "suspicious", "Suspicious"
    POLICY_VIOLATOR = "policy_violator", "Policy violator"


class Tactic(NamedTerms):
    """ATT&CK tactics in the order of an attack, then the categories the field uses beside them.

    Source: MITRE ATT&CK Enterprise; the latter group as Microsoft Defender names alert categories.
    """

    RECONNAISSANCE = "reconnaissance", "Reconnaissance"
    RESOURCE_DEVELOPMENT = "resource_development", "Resource development"
    INITIAL_ACCESS = "initial_access", "Initial access"
    EXECUTION = "execution", "Execution"
    PERSISTENCE = "persistence", "Persistence"
    PRIVILEGE_ESCALATION = "privilege_escalation", "Privilege escalation"
    DEFENSE_EVASION = "defense_evasion", "Defense evasion"
    CREDENTIAL_ACCESS = "credential_access", "Credential access"
    DISCOVERY = "discovery", "Discovery"
    LATERAL_MOVEMENT = "lateral_movement", "Lateral movement"
    COLLECTION = "collection", "Collection"
    COMMAND_AND_CONTROL = "command_and_control", "Command and control"
    EXFILTRATION = "exfiltration", "Exfiltration"
    IMPACT = "impact", "Impact"
    MALWARE = "malware", "Malware"
    RANSOMWARE = "ransomware", "Ransomware"
    EXPLOIT = "exploit", "Exploit"
    SUSPICIOUS_ACTIVITY = "suspicious_activity", "Suspicious activity"
    UNWANTED_SOFTWARE = "unwanted_software", "Unwanted software"


ATTACK_TACTICS = tuple(Tactic)[: list(Tactic).index(Tactic.IMPACT) + 1]
"""Those of ATT&CK itself: the kill chain, without the categories the field uses beside it."""
