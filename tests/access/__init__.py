"""Who may open what: one matrix, and what is held to it."""
