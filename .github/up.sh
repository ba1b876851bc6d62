#!/usr/bin/env bash
# The update of one stage, and what it was going to do in the job's summary.
# usage: up.sh STAGE   with GITHUB_STEP_SUMMARY
set -euo pipefail
stage=$1
events=$(mktemp)
trap 'rm -f "$events"' EXIT
pulumi preview --stack "$stage" --json --non-interactive >"$events"
node commands/node.mjs commands/preview.ts --stage "$stage" --events "$events" --markdown --limit 900000 >>"$GITHUB_STEP_SUMMARY"
pulumi up --stack "$stage" --yes --non-interactive
