#!/usr/bin/env bash
# Is what this container was started for alive? Exit 0 or 1, and a sentence.
#
#   serve    answers /health on LAKATOS_PORT (8000)
#   run      renewed the lease of a run directory under LAKATOS_RUNS (/data/runs) within LAKATOS_LEASE_MINUTES (3)
#   worker   its process is there; whether it judges, its queue knows
set -euo pipefail

command=$(pgrep -af 'main\.js (serve|run|worker|eval|verify)' | sed -nE '1s/.*main\.js (serve|run|worker|eval|verify).*/\1/p' || true)
case "$command" in
  serve) curl -fsS --max-time 5 "http://127.0.0.1:${LAKATOS_PORT:-8000}/health" ;;
  run)
    renewed=$(find "${LAKATOS_RUNS:-/data/runs}" -maxdepth 2 -name lock.json -mmin "-${LAKATOS_LEASE_MINUTES:-3}" -print -quit 2> /dev/null || true)
    if [ -z "$renewed" ]; then
      echo "no run directory under ${LAKATOS_RUNS:-/data/runs} was held within ${LAKATOS_LEASE_MINUTES:-3} minutes"
      exit 1
    fi
    echo "$renewed"
    ;;
  worker | eval | verify) echo "$command runs" ;;
  *)
    echo "no lakatos command runs"
    exit 1
    ;;
esac
