#!/bin/sh
# Makes the random passwords that docker-compose.yml hands to its services, once, in ./secrets. Keeps what is there.
set -eu
cd "$(dirname "$0")/../.."

# The folder is closed to others. The files inside are not, because containers read them under accounts of their own.
mkdir -p secrets
chmod 700 secrets
umask 022

random() {
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 48
}

for name in database_superuser_password database_owner_password database_app_password redis_password secret_key; do
    [ -s "secrets/$name" ] || random >"secrets/$name"
done

database="postgres:5432/watchfloor"
address_for() {
    printf 'postgresql://watchfloor_%s:%s@%s' "$1" "$(cat "secrets/database_$1_password")" "$database"
}
address_for owner >secrets/database_owner_url
address_for app >secrets/database_url
printf 'redis://:%s@redis:6379/0' "$(cat secrets/redis_password)" >secrets/redis_url
echo "The secrets are in $(pwd)/secrets."
