"""HTTP for incidents, by page. Each view: who may, what was sent, one command or query, what to show."""
