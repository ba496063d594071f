#!/bin/sh
# Installs Ictal on a machine without network access.
#   deploy/air-gapped.sh pack DIR            on a machine with network: writes all files to DIR
#   deploy/air-gapped.sh install DIR TARGET  on the offline machine: installs from DIR without network
# DIR contains project.tar.gz, npm-cache/ and, packed on Linux with CUDA=yes, onnxruntime-cuda/. Node is not included: see nodejs.org.
set -eu

usage() { echo "usage: $0 pack DIR | install DIR TARGET" >&2; exit 2; }

providers=node_modules/onnxruntime-node/bin

pack() {
  project=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
  mkdir -p "$1"
  to=$(CDPATH= cd -- "$1" && pwd)
  git -C "$project" archive --format=tar.gz -o "$to/project.tar.gz" HEAD
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  tar -xzf "$to/project.tar.gz" -C "$work"
  cd "$work"
  npm ci --no-progress --cache "$to/npm-cache"
  if [ "${CUDA:-no}" = yes ]; then
    node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12
    rm -rf "$to/onnxruntime-cuda"
    cp -r "$providers" "$to/onnxruntime-cuda"
  fi
  du -sh "$to"
}

install() {
  from=$(CDPATH= cd -- "$1" && pwd)
  mkdir -p "$2"
  tar -xzf "$from/project.tar.gz" -C "$2"
  cd "$2"
  # shellcheck disable=SC2086 -- further flags of npm, as words
  npm ci --offline --no-progress --cache "${ICTAL_NPM_CACHE:-$from/npm-cache}" ${ICTAL_NPM_FLAGS:-}
  if [ -d "$from/onnxruntime-cuda" ]; then cp -r "$from/onnxruntime-cuda/." "$providers/"; fi
  node src/cli/ictal.mjs --version
}

case "${1:-}/$#" in
  pack/2) pack "$2" ;;
  install/3) install "$2" "$3" ;;
  *) usage ;;
esac
