#!/usr/bin/env bash
# The program itself, in the current directory. app.sh [--check|--dry-run] dependencies|build
# dependencies: everything package-lock.json names, exactly. build: dist/, then only what runs it.
# shellcheck source=docker/lib.sh
. "$(dirname "$0")/lib.sh"

need node npm
[ -f package-lock.json ] || fail "expected package-lock.json in $PWD, found none; run it where the program is"
wanted=$(node -p 'parseInt(require("./package.json").engines.node.replace(/\D*/, ""), 10)')
found=$(node -p 'parseInt(process.versions.node, 10)')
[ "$found" -ge "$wanted" ] || fail "expected Node $wanted or newer, found $found"
if [ "$MODE" = check ]; then
  echo "Node $found, npm $(npm --version 2> /dev/null), $PWD"
  exit
fi
case "${1:-}" in
  dependencies) run npm ci ;;
  build)
    run npm run -s build
    # The image has its own Node: the one that npm brought is for working trees.
    run npm prune --omit=dev
    ;;
  *) fail "expected dependencies or build, found '${1:-}'" ;;
esac
