#!/bin/sh
# Registers the job definition of cache.json and submits the jobs plan, array and finalise, each dependent on the one before.
#   deploy/aws-batch/submit.sh [FILE]     needs the AWS CLI and node; replace the <PLACEHOLDERS> in FILE first
set -eu

file=${1:-$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)/cache.json}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Member $1 of the file, dependent on job $2 if given.
part() {
  node -e '
    const [file, name, after] = process.argv.slice(1);
    const part = JSON.parse(require("node:fs").readFileSync(file, "utf8"))[name];
    const text = JSON.stringify(after ? { ...part, dependsOn: [{ jobId: after }] } : part);
    const left = /<(?!JOB-OF)[A-Z-]+>/.exec(text);
    if (left) { console.error(`submit: ${file} contains the placeholder ${left[0]} in ${name}; replace it by a value`); process.exit(2); }
    process.stdout.write(text);
  ' "$file" "$1" "${2:-}" > "$work/$1.json"
  echo "file://$work/$1.json"
}

submit() { aws batch submit-job --cli-input-json "$1" --query jobId --output text; }

definition=$(part jobDefinition)
plan_input=$(part submitPlan)
aws batch register-job-definition --cli-input-json "$definition" --query jobDefinitionArn --output text
plan=$(submit "$plan_input")
tasks_input=$(part submitTasks "$plan")
tasks=$(submit "$tasks_input")
finalise_input=$(part submitFinalise "$tasks")
finalise=$(submit "$finalise_input")
echo "plan $plan, tasks $tasks, finalise $finalise"
