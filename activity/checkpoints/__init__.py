"""Signed checkpoints over the heads of all chains, kept outside the database (docs/log-format.md)."""
