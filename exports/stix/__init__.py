"""An incident as a STIX 2.1 bundle, for platforms of threat intelligence.

`bundle.py` puts it together, `observables.py` says what an entity is in STIX, `patterns.py` how one is looked for,
`identifiers.py` and `markings.py` hold names that others know. Source: OASIS, STIX Version 2.1, OASIS Standard.
"""

from exports.stix.bundle import bundle

__all__ = ["bundle"]
