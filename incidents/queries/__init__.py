"""Page-shaped reading of incidents; nothing here changes anything."""
