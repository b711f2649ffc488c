"""Requests that leave the house for an address that somebody has written down: to nowhere they should not go."""
