#!/bin/sh
# Redis, with its password in a file that it alone can read, in memory: a command line is for everybody to see.
set -eu
umask 077
printf '%s\n' 'include /etc/paperfold/redis.conf' "maxmemory ${REDIS_MEMORY_MB}mb" "requirepass $REDISCLI_AUTH" > /tmp/redis.conf
exec docker-entrypoint.sh redis-server /tmp/redis.conf
