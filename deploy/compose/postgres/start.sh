#!/bin/sh
# PostgreSQL, with memory settings for a container of POSTGRES_MEMORY_MB: a quarter for its own buffers, three quarters
# expected in buffers and the kernel's cache together, the rest for 200 short sessions.
set -eu
mb=$POSTGRES_MEMORY_MB
exec docker-entrypoint.sh postgres \
  -c shared_buffers=$((mb / 4))MB \
  -c effective_cache_size=$((mb * 3 / 4))MB \
  -c maintenance_work_mem=$((mb / 16))MB \
  -c work_mem=$((mb / 256 + 1))MB \
  -c max_connections=200 \
  -c max_wal_size=1GB \
  -c wal_compression=on \
  -c checkpoint_timeout=15min \
  -c random_page_cost=1.1 \
  -c max_parallel_workers_per_gather=0 \
  -c jit=off \
  -c timezone=UTC \
  -c log_timezone=UTC \
  -c log_min_duration_statement=1000 \
  -c log_lock_waits=on \
  "$@"
