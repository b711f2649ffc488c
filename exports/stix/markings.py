"""The Traffic Light Protocol 2.0 in STIX: marking definitions that everybody knows by their ids.

Source: OASIS, cti-stix-common-objects, extension-definition-specifications/tlp-2.0.
"""

from __future__ import annotations

from typing import Any

from exports.choices import Marking

EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
IDS = {
    Marking.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Marking.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Marking.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Marking.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Marking.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


def marking_definition(marking: Marking) -> dict[str, Any]:
    """The official object of a marking, which every bundle carries along."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": IDS[marking],
        "created": "2022-10-01T00:00:00.000Z",
        "name": str(marking.label),
        "extensions": {
            EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": str(marking.label).removeprefix("TLP:").lower(),
            }
        },
    }
