"""What somebody wants to change about alerts and their evidence, as a value that commands take."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.choices import RemediationStatus, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wanted of some evidence; None leaves it as it is."""

    verdict: Verdict | None = None
    remediation_status: RemediationStatus | None = None

    def wishes(self) -> dict[str, str]:
        wanted = {"verdict": self.verdict, "remediation_status": self.remediation_status}
        return {name: str(value) for name, value in wanted.items() if value is not None}
