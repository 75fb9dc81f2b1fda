#!/bin/sh
# Run once, on an empty data folder. Services log in as an ordinary role that owns its database: it may make the role
# `analyst`, and nothing else that only a superuser may. Text sorts by code point, whatever the image's language is.
set -eu
# The password comes from the environment: a command line is for everybody to see.
psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password PAPERFOLD_PASSWORD
create role paperfold login createrole password :'password';
create database paperfold owner paperfold template template0
  encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C';
SQL
