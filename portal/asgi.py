"""The portal as it is served: the WSGI application behind the edge that takes in slow clients."""

from portal.edge import Edge
from portal.environment import load_environment
from portal.wsgi import application as pages

application = Edge(pages, most_bytes=load_environment().max_body_megabytes * 1024 * 1024)
