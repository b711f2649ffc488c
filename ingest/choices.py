"""Terms of correlation and alert tuning."""

from common.terms import NamedTerms


class TuningAction(NamedTerms):
    """What a tuning rule makes of the alerts it catches; the weightier first, when several rules fit."""

    HIDE = "hide", "Hide"
    RESOLVE = "resolve", "Resolve"
    MARK = "mark", "Mark"


ACTION_HELP = {
    TuningAction.HIDE: "Stored and counted here, in a resolved incident of its own; it joins no visible work.",
    TuningAction.RESOLVE: "The alert comes resolved, and its incident with it unless others in it are active.",
    TuningAction.MARK: "It comes as ever, with the tags and the classification given here.",
}


class TrialOf(NamedTerms):
    """What is tried out on stored alerts."""

    CORRELATION = "correlation", "Correlation rule"
    TUNING = "tuning", "Tuning rule"
