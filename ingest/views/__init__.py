"""The pages on which administrators set rules."""
