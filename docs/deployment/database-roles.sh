#!/bin/sh
# Makes Watchfloor's two roles and its database in a new PostgreSQL. The official image runs this on its first start;
# elsewhere run it as a superuser, with PGHOST and the like set and the two passwords in files.
#
# The owner migrates. The application reads and writes, but has no way to change what is in the log: it owns no table.
set -eu

secrets="${SECRETS:-/run/secrets}"

# psql quotes the passwords; they appear in no command line.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<SQL
\set owner_password \`cat '$secrets/database_owner_password'\`
\set app_password \`cat '$secrets/database_app_password'\`
CREATE ROLE watchfloor_owner LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD :'owner_password';
CREATE ROLE watchfloor_app LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
CREATE DATABASE watchfloor OWNER watchfloor_owner;
REVOKE ALL ON DATABASE watchfloor FROM PUBLIC;
GRANT CONNECT ON DATABASE watchfloor TO watchfloor_app;
SQL
