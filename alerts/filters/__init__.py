"""What alerts can be filtered by: one truth for page and API."""
