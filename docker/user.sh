#!/usr/bin/env bash
# The user that everything runs as, and the folders it may write to. user.sh [--check|--dry-run] DIR...
# shellcheck source=docker/lib.sh
. "$(dirname "$0")/lib.sh"

NAME=${NAME:-lakatos}
ID=${ID:-10001}
need groupadd useradd
if [ "$MODE" = check ]; then
  if getent passwd "$ID" > /dev/null; then fail "user id $ID is taken; choose another with ID"; fi
  exit
fi
run groupadd --gid "$ID" "$NAME"
run useradd --uid "$ID" --gid "$ID" --create-home --shell /usr/sbin/nologin "$NAME"
run mkdir -p "$@"
run chown "$ID:$ID" "$@"
