#!/bin/sh
# Run once, on an empty data folder. Services log in as an ordinary role that owns its database: it may make the role
# `analyst`, and nothing else that only a superuser may. Text sorts by code point, whatever the image's language is.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres -v password="$PAPERFOLD_PASSWORD" <<'SQL'
create role paperfold login createrole password :'password';
create database paperfold owner paperfold template template0
  encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C';
SQL
