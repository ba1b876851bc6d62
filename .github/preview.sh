#!/usr/bin/env bash
# A preview of every stage as one comment of the pull request, edited in place, and whole in the job's summary.
# usage: preview.sh [STAGE...]   all of them, if none is named; with PULL_REQUEST, GITHUB_REPOSITORY, GH_TOKEN and GITHUB_STEP_SUMMARY
set -euo pipefail
if [ "$#" -eq 0 ]; then
  read -ra stages <<<"$(node commands/node.mjs commands/stages.ts)"
  set -- "${stages[@]}"
fi
marker='<!-- k3s-stages: preview -->'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "$marker" >"$folder/comment.md"
failed=0
for stage in "$@"; do
  # Asked once and told twice: cut to its share of GitHub's 65,536 characters, and whole.
  pulumi preview --stack "$stage" --json --non-interactive >"$folder/events" 2>"$folder/errors" || true
  if [ ! -s "$folder/events" ]; then
    { echo "### $stage: the preview failed" && echo '```' && tail -c 4000 "$folder/errors" && echo '```'; } >"$folder/part.md"
    tee -a "$folder/comment.md" <"$folder/part.md" >>"$GITHUB_STEP_SUMMARY"
    failed=1
    continue
  fi
  report=(node commands/node.mjs commands/preview.ts --stage "$stage" --events "$folder/events" --markdown)
  "${report[@]}" --limit "$((60000 / $#))" >>"$folder/comment.md" || failed=1
  "${report[@]}" --limit "$((900000 / $#))" >>"$GITHUB_STEP_SUMMARY" || failed=1
done
comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
own=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$marker\")) | .id")
read -r id <<<"$own" || true
if [ -n "$id" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$folder/comment.md"
else
  gh api --silent --method POST "$comments" --field "body=@$folder/comment.md"
fi
exit "$failed"
