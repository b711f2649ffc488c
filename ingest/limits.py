"""Every cap on what comes in, in one place. They are published in docs/ingest-format.md and named where they bite.

The general ones (depth, numbers, characters) are in `common/boundary.py`; the bytes of an API request are a setting.
"""

ALERTS_PER_REQUEST = 500
"""Alerts in one API request. A file read by `manage.py ingest` may hold any number."""

RECORD_BYTES = 8 * 1024 * 1024
"""One record of a file, as sent."""

FILE_BYTES = 2 * 1024 * 1024 * 1024
"""A JSON document read from a stream, or what a compressed one unpacks to; JSON lines and CSV have no such cap."""

TABLE_CELL = 16_000_000
"""Characters that a CSV cell may have before reading stops; above a million its row is refused."""

SOURCE = 64
"""Characters of a source's name: lower-case letters, digits, “.”, “_” and “-”."""

EXTERNAL_ID = 300
"""Characters of the sender's id of an alert."""

TITLE = 500
"""Characters of a title. Longer ones of foreign formats are cut and kept whole in the raw record."""

DESCRIPTION = 30_000
RECOMMENDED_ACTIONS = 30_000
"""Characters of the long texts of an alert."""

PRODUCT = 100
"""Characters of the name of a product or of what detects."""

SHORT_TEXT = 300
"""Characters of names, ids and the like."""

LONG_TEXT = 32_768
"""Characters of one text about an entity. Windows allows 32,767 in a command line."""

ADDRESS = 2_000
"""Characters of the address that leads back to the sender's page."""

TAGS_PER_ALERT = 50
TAG = 100
"""Characters of one tag."""

CATEGORIES_PER_ALERT = 20
CATEGORY = 60
"""Characters of one category."""

TECHNIQUES_PER_ALERT = 100

EVIDENCE_PER_ALERT = 1_000
"""Pieces of evidence in one alert. Of foreign formats the first thousand are taken; all stay in the raw record."""

ROLES_PER_EVIDENCE = 14
"""Every role once."""

DETAILS_PER_EVIDENCE = 100
"""Fields in the free `details` object of a piece of evidence."""

LIST_ITEMS = 100
"""Items of a small list about an entity, such as a device's addresses."""

YEARS_FROM = 1970
"""Times before this year are mistakes: the zero of some sender's clock."""

HOURS_AHEAD = 24
"""How far in the future a time may lie: a clock set to another zone, but no more."""
