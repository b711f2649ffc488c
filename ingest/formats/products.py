"""The products that watch, from a sender's code word to plain words.

Codes are those of Microsoft Graph (serviceSource, detectionSource) and of the SecurityAlert table (ProductName,
ProviderName), with the names the products had earlier.
"""

from __future__ import annotations

import re

from common.fields import fold_word

ENDPOINT = "Microsoft Defender for Endpoint"
IDENTITY = "Microsoft Defender for Identity"
CLOUD_APPS = "Microsoft Defender for Cloud Apps"
OFFICE = "Microsoft Defender for Office 365"
CLOUD = "Microsoft Defender for Cloud"
IOT = "Microsoft Defender for IoT"
XDR = "Microsoft Defender XDR"
ENTRA = "Microsoft Entra ID Protection"
SENTINEL = "Microsoft Sentinel"
DATA_LOSS = "Microsoft Purview Data Loss Prevention"
INSIDER_RISK = "Microsoft Purview Insider Risk Management"
THREAT_INTELLIGENCE = "Microsoft Threat Intelligence"

_NAMES = {
    ENDPOINT: (
        "microsoftDefenderForEndpoint",
        "microsoftDefenderATP",
        "Microsoft Defender Advanced Threat Protection",
        "Windows Defender Advanced Threat Protection",
        "MDATP",
    ),
    IDENTITY: ("microsoftDefenderForIdentity", "Azure Advanced Threat Protection", "azureATP", "AATP"),
    CLOUD_APPS: ("microsoftDefenderForCloudApps", "cloudAppSecurity", "Microsoft Cloud App Security", "MCAS"),
    OFFICE: ("microsoftDefenderForOffice365", "Office 365 Advanced Threat Protection", "officeATP", "OATP"),
    CLOUD: ("microsoftDefenderForCloud", "Azure Security Center", "ASC", "Detection"),
    IOT: ("microsoftDefenderForIoT", "Azure Security Center for IoT", "Azure Defender for IoT"),
    XDR: ("microsoft365Defender", "Microsoft 365 Defender", "Microsoft Threat Protection", "MTP"),
    ENTRA: (
        "azureAdIdentityProtection",
        "Azure Active Directory Identity Protection",
        "AAD Identity Protection",
        "IPC",
    ),
    SENTINEL: (
        "microsoftSentinel",
        "Azure Sentinel",
        "ASI Scheduled Alerts",
        "ASI NRT Alerts",
        "CustomAlertRule",
        "Alert Rule",
    ),
    DATA_LOSS: ("dataLossPrevention", "microsoftDataLossPrevention"),
    INSIDER_RISK: ("microsoftInsiderRiskManagement", "Microsoft 365 Insider Risk Management"),
    THREAT_INTELLIGENCE: ("microsoftThreatIntelligence", "Threat Intelligence Alerts"),
    "App governance": ("microsoftAppGovernance",),
    "Microsoft Security for AI": ("microsoftSecurityForAI",),
    # How something was found rather than by which product.
    "Antivirus": ("antivirus",),
    "SmartScreen": ("smartScreen",),
    "Custom threat intelligence": ("customTi",),
    "Automated investigation": ("automatedInvestigation",),
    "Microsoft Threat Experts": ("microsoftThreatExperts",),
    "Custom detection": ("customDetection",),
    "Manual": ("manual",),
    "App governance policy": ("appGovernancePolicy",),
    "App governance detection": ("appGovernanceDetection",),
    "Scheduled analytics rule": ("scheduledAlerts",),
    "Near-real-time analytics rule": ("nrtAlerts",),
    "Built-in machine learning": ("builtInMl",),
    "Security Copilot": ("securityCopilot",),
    "Microsoft Defender Threat Intelligence analytics": ("microsoftDefenderThreatIntelligenceAnalytics",),
}

_PLAIN_WORDS = {fold_word(code): name for name, codes in _NAMES.items() for code in (name, *codes)}

_SAYS_NOTHING = frozenset({"", "unknown", "unknownfuturevalue"})

_SMALL_WORDS = {"For": "for", "And": "and", "Of": "of"}


def product_words(code: str) -> str:
    """A product in plain words; an unknown code is kept, spaced where it is one long word."""
    folded = fold_word(code)
    if folded in _SAYS_NOTHING:
        return ""
    return _PLAIN_WORDS.get(folded) or _spaced(code.strip())


def is_known_product(code: str) -> bool:
    return fold_word(code) in _PLAIN_WORDS


def _spaced(code: str) -> str:
    """“microsoftDefenderForServers” as “Microsoft Defender for Servers”; names with spaces stay as they are."""
    if not code.isascii() or not code.isalnum() or code.islower() or code.isupper() or len(code) > 100:
        return code
    words = re.findall(r"[A-Z]{2,}(?=[A-Z][a-z]|\d|$)|[A-Z]?[a-z]+|[A-Z]+|\d+", code)
    words = [_SMALL_WORDS.get(word, word) for word in words]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
