"""Which types of attack an incident's alerts tell of."""

from __future__ import annotations

from collections.abc import Collection

from alerts.choices import Tactic

RANSOMWARE, CREDENTIAL_PHISHING, MAIL_FRAUD = "Ransomware", "Credential phishing", "BEC fraud"
STOLEN_CREDENTIALS = {"T1056", "T1110", "T1111", "T1528", "T1539", "T1557", "T1606", "T1621"}
"""Techniques by which a phished account's secrets are taken or used: capture, guessing, tokens, cookies, relayed
sign-ins, pressed second factors."""


def attack_types(categories: Collection[str], techniques: Collection[str]) -> list[str]:
    """Types of attack that an incident's alerts tell of, as the system tags it.

    | tag | when |
    |---|---|
    | Ransomware | a ransomware category, or data encrypted for impact (T1486) |
    | Credential phishing | phishing (T1566) together with credential access |
    | BEC fraud | mail forwarded or hidden by rules (T1114.003, T1564.008), or phishing from inside (T1534) |

    Source of the techniques: MITRE ATT&CK Enterprise.
    """
    parents = {technique.split(".")[0] for technique in techniques}
    takes_credentials = Tactic.CREDENTIAL_ACCESS in categories or bool(parents & STOLEN_CREDENTIALS)
    found = {
        RANSOMWARE: Tactic.RANSOMWARE in categories or "T1486" in parents,
        CREDENTIAL_PHISHING: "T1566" in parents and takes_credentials,
        MAIL_FRAUD: bool({"T1114.003", "T1564.008"} & set(techniques)) or "T1534" in parents,
    }
    return [name for name, tells in found.items() if tells]
