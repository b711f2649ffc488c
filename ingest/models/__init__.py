"""What administrators say of alerts that come in, and what they try out before they say it."""

from ingest.models.correlation_rule import CorrelationRule, RuleBook
from ingest.models.trial import Trial
from ingest.models.tuning_rule import TuningRule

__all__ = ["CorrelationRule", "RuleBook", "Trial", "TuningRule"]
