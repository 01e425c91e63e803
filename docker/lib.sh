# shellcheck shell=bash
# What the steps of the image share. Sourced, never run. Every step knows two ways of not doing its work:
#
#   --check     only look: are the tools here, is there room, do the addresses answer
#   --dry-run   only print the commands
set -euo pipefail

MODE=work
case "${1:-}" in
  --check) MODE=check; shift ;;
  --dry-run) MODE=dry; shift ;;
esac

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# Does it, or says it.
run() {
  if [ "$MODE" = work ]; then "$@"; else printf '+ %s\n' "$*"; fi
}

# need TOOL...
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" > /dev/null || fail "expected $tool on the PATH, found none; install it first"
  done
}

# need_space MEGABYTES DIR: of the nearest directory there is.
need_space() {
  local dir=$2 free
  while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
  free=$(df --output=avail -m "$dir" | tail -n 1)
  [ "$free" -ge "$1" ] || fail "$2 needs $1 MB of free disk, found $((free)) MB in $dir"
}

# fetch URL SHA256 FILE: a wrong sum leaves no file; the sum 'unchecked' takes any, and says which it was.
fetch() {
  local url=$1 sum=$2 file=$3 found
  if [ "$MODE" = check ]; then
    curl -fsSIL --retry 2 "$url" > /dev/null || fail "no answer from $url"
    echo "$url answers"
    return
  fi
  run curl -fsSL --retry 5 -o "$file" "$url"
  if [ "$MODE" = dry ]; then return; fi
  found=$(sha256sum "$file" | cut -d' ' -f1)
  if [ "$sum" = unchecked ]; then
    echo "$url: unchecked, sha256 $found" >&2
  elif [ "$sum" != "$found" ]; then
    rm -f "$file"
    fail "$url: expected sha256 $sum, found $found; of another version give its publisher's sum"
  fi
}
