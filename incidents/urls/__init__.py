"""Addresses, by what they lead to."""
