"""How long texts may be kept, at least and at most."""

from common.errors import Refused

LEAST_DAYS, MOST_DAYS = 30, 36_500


def check_days(days: int | None) -> int | None:
    """Days after which texts are emptied, or None for never; Refused outside what makes sense."""
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        raise Refused(f"Write {LEAST_DAYS} to {MOST_DAYS:,} days, or nothing to keep the texts.", field="days")
    return days


def reason_of(days: int) -> str:
    """What the log says of a text that the rule has emptied."""
    return f"comments are kept for {days} days after an incident is resolved"
