"""Page-shaped reading: the system's log, people, teams, roles, tokens."""
