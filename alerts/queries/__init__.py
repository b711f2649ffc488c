"""Page-shaped reading of alerts; nothing here changes anything."""
