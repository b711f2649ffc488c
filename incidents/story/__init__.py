"""The attack story: which assets and pieces of evidence the alerts of an incident tie together, in which order, as a
picture.

Nothing here touches the database: `incidents/queries/story.py` reads. `ties.py` says what one alert ties, `telling.py`
makes one graph of all alerts, `grouping.py` keeps it readable, `layout.py` finds the places, `drawing.py` draws SVG.
"""
