"""The classifications of critical assets that every installation starts with; administrators change them or switch them
off. Names are the ones that machines and accounts of these kinds usually have."""

from __future__ import annotations

from entities.rules import ClassificationValues

STARTING_CLASSIFICATIONS: dict[str, ClassificationValues] = {
    "domain_controllers": ClassificationValues(
        "Domain controllers",
        "very_high",
        ["device"],
        names=[
            *("DC", "DC-*", "DC0*", "DC1*", "DC2*", "*-DC", "*-DC-*", "*-DC0*", "*-DC1*", "*-DC2*"),
            *("ADDC*", "RODC*", "*-RODC*", "PDC-*", "*-PDC*"),
        ],
        groups=["Domain controllers*"],
        attributes=["tags=domain controller*", "tags=domain-controller*"],
    ),
    "executives": ClassificationValues(
        "Executives and VIP users",
        "high",
        ["user", "mailbox"],
        names=[
            *("ceo@*", "cfo@*", "cio@*", "ciso@*", "coo@*", "cto@*", "*.ceo@*", "*.cfo@*", "chair@*", "chairman@*"),
            *("president@*", "vip-*", "vip.*"),
        ],
        attributes=["tags=vip", "tags=executive*"],
    ),
    "identity_systems": ClassificationValues(
        "Identity systems",
        "very_high",
        ["device", "application", "cloud_resource"],
        names=[
            *("ADFS*", "*-ADFS*", "ADCS*", "*-ADCS*", "AADC*", "*-AADC*", "*AADConnect*", "*EntraConnect*", "PKI-*"),
            *("*-PKI*", "*-RootCA*", "*-SubCA*", "Keycloak*", "Okta*", "*-IDP", "IDP-*", "*-SSO", "SSO-*"),
        ],
        attributes=["tags=identity*"],
    ),
    "backup_servers": ClassificationValues(
        "Backup servers",
        "high",
        ["device", "cloud_resource"],
        names=["BKP*", "*-BKP*", "BCK-*", "*-BCK*", "*backup*", "Veeam*", "*-Veeam*", "*-VBR*", "Commvault*"],
        groups=["Backup*"],
        attributes=["resource_type=Recovery Services vault*", "tags=backup*"],
    ),
}
"""Slug → what it says."""
