"""An incident as it was at a moment, rebuilt from its log alone; without the database.

`state.py` goes through the entries, `difference.py` compares two moments. What a page shows of it, queries/as_of.py
reads.
"""
