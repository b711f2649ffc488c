"""Every change that ingest makes: alerts come in; administrators set rules and try them out."""

from ingest.commands.correlation_rules import change_correlation_rule, reset_correlation_rule
from ingest.commands.taking_in import Outcome, Result, at_the_same_time, ingest, ingest_batch
from ingest.commands.trials import cancel_trial, carry_out, start_trial
from ingest.commands.tuning_rules import change_tuning_rule, create_tuning_rule, delete_tuning_rule
from ingest.tuning_values import TuningValues

__all__ = [
    "Outcome",
    "Result",
    "TuningValues",
    "at_the_same_time",
    "cancel_trial",
    "carry_out",
    "change_correlation_rule",
    "change_tuning_rule",
    "create_tuning_rule",
    "delete_tuning_rule",
    "ingest",
    "ingest_batch",
    "reset_correlation_rule",
    "start_trial",
]
