#!/usr/bin/env bash
# Isabelle with the heap of one session and its ancestors built. isabelle.sh [--check|--dry-run]
#
#   ISABELLE_VERSION   (Isabelle2025)      ISABELLE_HOME   where it goes (/opt/isabelle)
#   ISABELLE_URL, ISABELLE_SHA256          where from; another version needs its own sum, 'unchecked' takes any
#   ISABELLE_SESSION   (HOL-Number_Theory) its heap and those it stands on, HOL among them; '' builds none. This one
#                      holds all that miniF2F's theories import but two of the AFP and one of HOL-Analysis
# shellcheck source=docker/lib.sh
. "$(dirname "$0")/lib.sh"

ISABELLE_VERSION=${ISABELLE_VERSION:-Isabelle2025}
ISABELLE_URL=${ISABELLE_URL:-https://isabelle.in.tum.de/website-$ISABELLE_VERSION/dist/${ISABELLE_VERSION}_linux.tar.gz}
# As nixpkgs pins it (pkgs/by-name/is/isabelle/package.nix). It was never fetched here.
ISABELLE_SHA256=${ISABELLE_SHA256:-3d1d66de371823fe31aa8ae66638f73575bac244f00b31aee1dcb62f38147c56}
ISABELLE_HOME=${ISABELLE_HOME:-/opt/isabelle}
ISABELLE_SESSION=${ISABELLE_SESSION-HOL-Number_Theory}

need curl tar
need_space "${NEED_MB:-6000}" "$ISABELLE_HOME"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fetch "$ISABELLE_URL" "$ISABELLE_SHA256" "$scratch/isabelle.tar.gz"
if [ "$MODE" = check ]; then exit; fi
run mkdir -p "$ISABELLE_HOME"
run tar -xzf "$scratch/isabelle.tar.gz" -C "$ISABELLE_HOME" --strip-components=1
# -b -s: the heap lies in the distribution, so that every user of the image finds it.
if [ -n "$ISABELLE_SESSION" ]; then run "$ISABELLE_HOME/bin/isabelle" build -b -o system_heaps=true "$ISABELLE_SESSION"; fi
run "$ISABELLE_HOME/bin/isabelle" version
