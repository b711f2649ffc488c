"""Pages about oneself; people, teams, roles, tokens and the system's log, for administrators."""
