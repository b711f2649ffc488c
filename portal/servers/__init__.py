"""The servers Watchfloor brings along: PostgreSQL and Valkey from Python packages, and the supervisor of `make up`."""
