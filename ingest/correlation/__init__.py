"""Which incident an alert belongs to: the rules (join_rules), the decision (placing), what is stored (reading)."""

from ingest.correlation.join_rules import HIDDEN, OPENED, SAME_SOURCE_INCIDENT, SHIPPED, JoinRule, JoinRules
from ingest.correlation.placing import Candidate, Home, Placement, candidate_of, in_words, said_of_each
from ingest.correlation.reading import place_all

__all__ = [
    "HIDDEN",
    "OPENED",
    "SAME_SOURCE_INCIDENT",
    "SHIPPED",
    "Candidate",
    "Home",
    "JoinRule",
    "JoinRules",
    "Placement",
    "candidate_of",
    "in_words",
    "place_all",
    "said_of_each",
]
