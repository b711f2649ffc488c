"""The demo: three weeks at Northwharf Logistics, a company that does not exist, and a week's work on its incidents.

All of it is invented: people, hosts under northwharf.example, attackers on addresses reserved for documentation. It is
loaded through the same ingest and the same commands as everything else, so that what it shows is what the portal does.
Only the times are made to fit: they are told as distances from the moment of loading, so that the demo is always fresh.

Where to read on: `scenario` turns data/*.json into senders' records, `people` creates who works, `work` plays what they
do, `loading` puts alerts and work in the order in which they happened.
"""

from ingest.demo.loading import AlreadyInUse, load, no_place, total
from ingest.demo.people import SignIn

__all__ = ["AlreadyInUse", "SignIn", "load", "no_place", "total"]
