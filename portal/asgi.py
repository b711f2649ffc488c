"""The portal as it is served: the WSGI application behind the edge that takes in slow clients."""

from portal.collecting import settle
from portal.edge import Edge
from portal.environment import load_environment
from portal.wsgi import application as pages

from portal.refusals import tell  # isort: skip - Django has to be set up first

MEGABYTE = 1024 * 1024
ROOM = MEGABYTE
"""For what a form sends around a file."""

environment = load_environment()
application = Edge(
    pages,
    most_bytes=environment.max_body_megabytes * MEGABYTE,
    most_file_bytes=environment.attachment_megabytes * MEGABYTE + ROOM,
    has_others=environment.web_processes > 1,
    trusts_names=environment.trusted_proxies > 0,
    tell=tell,
)
settle()
