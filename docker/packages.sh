#!/usr/bin/env bash
# System packages from the distribution's own archive. packages.sh [--check|--dry-run] build|runtime|gpu
# shellcheck source=docker/lib.sh
. "$(dirname "$0")/lib.sh"

# unshare (util-linux) takes the network from the judges; tini is process 1.
RUNTIME=(ca-certificates curl git procps tini tzdata util-linux)
case "${1:-}" in
  build) PACKAGES=(ca-certificates curl git python3 python3-venv) ;;
  runtime) PACKAGES=("${RUNTIME[@]}") ;;
  # Triton compiles its kernels when they are first used.
  gpu) PACKAGES=("${RUNTIME[@]}" gcc libc6-dev python3 python3-dev python3-venv) ;;
  *) fail "expected build, runtime or gpu, found '${1:-}'" ;;
esac

need apt-get
if [ "$MODE" = check ]; then
  apt-get install --simulate --no-install-recommends "${PACKAGES[@]}" > /dev/null || fail "not all of ${PACKAGES[*]} are to be had"
  echo "to be had: ${PACKAGES[*]}"
  exit
fi
export DEBIAN_FRONTEND=noninteractive
run apt-get update
run apt-get install -y --no-install-recommends "${PACKAGES[@]}"
run rm -rf /var/lib/apt/lists
