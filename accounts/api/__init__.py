"""The API of what concerns people: who there is, who may what, keys, and the system's log."""
