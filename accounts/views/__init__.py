"""Pages about oneself, and the system's log."""
