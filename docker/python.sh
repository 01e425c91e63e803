#!/usr/bin/env bash
# A virtual environment from a file of pinned requirements. python.sh [--check|--dry-run] REQUIREMENTS DIR
# The server and the trainer have one each: their versions of torch need not agree. --check resolves without installing.
# shellcheck source=docker/lib.sh
. "$(dirname "$0")/lib.sh"

PYTHON=${PYTHON:-python3}
requirements=${1:-}
dir=${2:-}
[ -f "$requirements" ] || fail "expected a file of requirements, found '$requirements'"
[ -n "$dir" ] || fail "expected the directory to make as the second word"
if loose=$(grep -vE '^[[:space:]]*(#.*)?$|^-|==' "$requirements"); then
  fail "expected every version pinned with == in $requirements, found: $loose"
fi
need "$PYTHON"
need_space "${NEED_MB:-15000}" "$dir"
if [ "$MODE" = check ]; then
  "$PYTHON" -m pip install --dry-run --ignore-installed --quiet --report /dev/null -r "$requirements"
  echo "$requirements resolves"
  exit
fi
run "$PYTHON" -m venv "$dir"
run "$dir/bin/pip" install --no-cache-dir -r "$requirements"
run "$dir/bin/pip" check
