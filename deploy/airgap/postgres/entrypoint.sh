#!/bin/sh
# Makes the cluster and the database at the first start, then becomes the server. Other commands
# than `postgres` (initdb, psql, pg_dump) run as they are.
set -eu
[ "${1:-}" = postgres ] || exec "$@"
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ] && [ $# = 1 ]; then
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then password=$(cat "$POSTGRES_PASSWORD_FILE")
  else password=${POSTGRES_PASSWORD:-}; fi
  if [ -z "$password" ]; then
    echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must be set for the first start" >&2
    exit 1
  fi
  # made beside, then moved: a start that is ended in between leaves no half of a cluster
  new=$PGDATA/new.$$
  rm -rf "$PGDATA"/new.*
  [ -d "$PGDATA" ] || mkdir -p -m 700 "$PGDATA"  # it may be a folder within a volume, whose root holds lost+found
  mkdir "$new"
  printf '%s\n' "$password" > /tmp/password
  initdb -D "$new" -U "$user" -E UTF8 --locale=C.UTF-8 -A scram-sha-256 --pwfile=/tmp/password > /dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$new/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$new/postgresql.conf"
  [ "$database" = postgres ] ||
    echo "CREATE DATABASE \"$database\" OWNER \"$user\"" | postgres --single -D "$new" postgres > /dev/null
  version=$new/PG_VERSION
  for each in "$new"/*; do [ "$each" = "$version" ] || mv "$each" "$PGDATA/"; done
  mv "$version" "$PGDATA/"
  rmdir "$new"
fi
exec "$@"
