#!/bin/sh
# The interface of SzCORE containers: $INPUT is an EDF file in /data, $OUTPUT a tsv file in /output; absolute paths are used as they are.
set -eu

: "${INPUT:?set it to the EDF file, relative to /data: -e INPUT=recording.edf}"
: "${OUTPUT:?set it to the tsv file to write, relative to /output: -e OUTPUT=events.tsv}"
home=${ICTAL_HOME:-/opt/ictal}
model=${ICTAL_MODEL:-/opt/model}

case $INPUT in /*) input=$INPUT ;; *) input=/data/$INPUT ;; esac
case $OUTPUT in /*) output=$OUTPUT ;; *) output=/output/$OUTPUT ;; esac

exec node "$home/src/cli/ictal.mjs" detect "$input" "$output" --checkpoint "$model" --config "$model/config.yaml"
