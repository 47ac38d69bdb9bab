#!/bin/bash
# Runs once, when the data directory is made. The login roles of the processes: ingress can only read, workers can read
# and write; what that means table by table is granted to the two group roles by the migrations.
set -euo pipefail

# psql takes the passwords from the environment: a command line can be read by every user of the machine.
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv ingress_password INGRESS_DATABASE_PASSWORD
\getenv workers_password WORKERS_DATABASE_PASSWORD
create role sluice_reader nologin;
create role sluice_writer nologin;
create role sluice_ingress login password :'ingress_password' in role sluice_reader;
create role sluice_worker login password :'workers_password' in role sluice_writer;
revoke create on schema public from public;
SQL
