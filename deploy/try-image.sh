#!/bin/sh
# Builds deploy/Dockerfile, then tests the image without network: user, volume, doctor, health check, the smoke notebook and a
# clean exit. If it passes, a container of the image can train.
#   deploy/try-image.sh [flags of docker build]      e.g. --build-arg BASE=IMAGE; DOCKER_RUN_FLAGS="--gpus all" for a GPU
set -eu

project=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
name=ictal-try-$$
image=${ICTAL_IMAGE:-ictal}

cleanup() { docker rm -f "$name" >/dev/null 2>&1 || true; docker volume rm "$name" >/dev/null 2>&1 || true; }
trap cleanup EXIT
trap 'exit 130' INT TERM

# shellcheck disable=SC2086 -- further flags, as words
in_image() { docker run --rm --init --network none -v "$name:/results" ${DOCKER_RUN_FLAGS:-} "$@"; }
fail() { echo "try-image: $1" >&2; exit 1; }

docker build "$@" -f "$project/deploy/Dockerfile" -t "$image" "$project"
user=$(in_image --entrypoint id "$image" -un)
[ "$user" = ictal ] || fail "the image runs as $user, expected ictal"
in_image --entrypoint touch "$image" /results/written || fail "its user cannot write to /results"
in_image "$image" doctor
in_image "$image" notebook exec notebooks/00-smoke.ipynb --output /results/00-smoke.ipynb

# shellcheck disable=SC2086
docker run -d --init --network none --name "$name" --health-interval 5s -v "$name:/results" ${DOCKER_RUN_FLAGS:-} \
  --entrypoint sleep "$image" 600 >/dev/null
for _ in $(seq 60); do
  health=$(docker inspect --format '{{.State.Health.Status}}' "$name")
  [ "$health" = starting ] || break
  sleep 2
done
[ "$health" = healthy ] || fail "the health check is $health, expected healthy"
docker rm -f "$name" >/dev/null

echo "try-image: $image builds, runs as $user, is healthy and runs the smoke notebook without a network"
