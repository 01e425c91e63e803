#!/usr/bin/env bash
# Lean by elan, and Mathlib with its compiled cache, at one revision each. lean.sh [--check|--dry-run]
#
#   ELAN_HOME       where toolchains go                     (/opt/elan)
#   MATHLIB_DIR     where Mathlib goes; '' is no Mathlib     (/opt/mathlib)
#   MATHLIB_REV     commit of Mathlib; its own lean-toolchain file names the Lean
#   LEAN_TOOLCHAIN  the Lean where there is no Mathlib
#   ELAN_URL, ELAN_SHA256, MATHLIB_URL   where from; another elan needs its own sum, 'unchecked' takes any
# shellcheck source=docker/lib.sh
. "$(dirname "$0")/lib.sh"

ELAN_VERSION=${ELAN_VERSION:-v4.1.2}
ELAN_URL=${ELAN_URL:-https://github.com/leanprover/elan/releases/download/$ELAN_VERSION/elan-x86_64-unknown-linux-gnu.tar.gz}
# The sum that other projects pin for this file: several, agreeing. It was never fetched here.
ELAN_SHA256=${ELAN_SHA256:-f81c2e48c1588d4612cd2c8851947898a45ac8d72748a07dff3a5694f1cf589b}
MATHLIB_URL=${MATHLIB_URL:-https://github.com/leanprover-community/mathlib4.git}
MATHLIB_REV=${MATHLIB_REV:-0df444a360eaa60ab8c11dca51a86af692955474}
MATHLIB_DIR=${MATHLIB_DIR-/opt/mathlib}
LEAN_TOOLCHAIN=${LEAN_TOOLCHAIN:-leanprover/lean4:v4.33.1}
export ELAN_HOME=${ELAN_HOME:-/opt/elan}
export PATH=$ELAN_HOME/bin:$PATH

need curl git tar
need_space "${NEED_MB:-12000}" "$ELAN_HOME"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fetch "$ELAN_URL" "$ELAN_SHA256" "$scratch/elan.tar.gz"
if [ "$MODE" = check ]; then
  [ -z "$MATHLIB_DIR" ] || git ls-remote --exit-code "$MATHLIB_URL" HEAD > /dev/null || fail "no answer from $MATHLIB_URL"
  exit
fi
run tar -xzf "$scratch/elan.tar.gz" -C "$scratch"
run "$scratch/elan-init" -y --no-modify-path --default-toolchain none

if [ -z "$MATHLIB_DIR" ]; then
  run elan default "$LEAN_TOOLCHAIN"
else
  # One commit, nothing else of the history.
  run git init -q "$MATHLIB_DIR"
  run git -C "$MATHLIB_DIR" fetch -q --depth 1 "$MATHLIB_URL" "$MATHLIB_REV"
  run git -C "$MATHLIB_DIR" checkout -q FETCH_HEAD
  [ "$MODE" = dry ] || LEAN_TOOLCHAIN=$(cat "$MATHLIB_DIR/lean-toolchain")
  run elan default "$LEAN_TOOLCHAIN"
  if [ "$MODE" = work ]; then cd "$MATHLIB_DIR"; fi
  run lake exe cache get
  # What the cache lacks is built; with a whole cache this only looks.
  run lake build Mathlib
fi
run lean --version
