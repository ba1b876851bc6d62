import type { Fleet, Stage } from "../config/fleet.ts";
import { automationAuthor } from "./names.ts";

const path = ".github/workflows/flux-pull-requests.yaml";

/**
 * One run looks at every branch as it is now, so that what a dropped run left undone the next one does. A branch goes when
 * it is merged, or when it conflicts and is all Flux's: Flux builds upon the branch it finds and never upon a newer main,
 * and makes a missing one anew (fluxcd/pkg git/gogit/client.go, SwitchBranch).
 */
const script = `set -euo pipefail
main="refs/heads/$BASE"
pulls="repos/$GITHUB_REPOSITORY/pulls"

# What merging the branch would do: nothing, changes or conflict.
merging() {
  local tree status=0
  tree=$(git merge-tree --write-tree "$main" "$1") || status=$?
  if [ "$status" -eq 1 ]; then
    echo conflict
  elif [ "$status" -ne 0 ]; then
    return "$status"
  elif [ "$tree" = "$(git rev-parse "$main^{tree}")" ]; then
    echo nothing
  else
    echo changes
  fi
}

is_all_by_flux() {
  [ "$(git log --format=%ae "$main..$1" | sort --unique)" = "$AUTHOR" ]
}

# discard REF COMMIT NUMBER REASON: GitHub closes the pull request with its branch; a commit that came meanwhile stays.
discard() {
  if [ -n "$3" ]; then
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$3/comments" --raw-field body="$4" || return
  fi
  git push --quiet --force-with-lease="$1:$2" origin ":$1"
}

# propose REF METHOD ENDPOINT FIELD...
propose() {
  local title body
  title=$(git log --max-count=1 --no-merges --format=%s "$main..$1") &&
    body=$(git log --max-count=20 --no-merges --format=%B "$main..$1") &&
    gh api --silent --method "$2" "$3" --raw-field title="$title" --raw-field body="$body" "\${@:4}"
}

attend() {
  local ref="refs/heads/$1" query="state=all&head=$GITHUB_REPOSITORY_OWNER:$1&base=$BASE"
  local commit effect latest number state head open=
  commit=$(git rev-parse "$ref") && effect=$(merging "$ref") &&
    latest=$(gh api "$pulls?$query" --jq '.[0] // empty | [.number, .state, .head.sha] | @tsv') || return
  read -r number state head <<<"$latest"
  if [ "$state" = open ]; then open=$number; fi
  if [ "$effect" = nothing ]; then
    discard "$ref" "$commit" "$open" "$BASE has all of this already."
  elif [ "$state" = closed ] && [ "$head" = "$commit" ]; then
    # Somebody declined these commits. Without its branch Flux would propose them again.
    echo "$1: declined in #$number, until the next tag"
  elif [ "$effect" = conflict ] && is_all_by_flux "$ref"; then
    discard "$ref" "$commit" "$open" "This conflicts with $BASE. Flux proposes it anew from there."
  elif [ -n "$open" ]; then
    propose "$ref" PATCH "$pulls/$open"
  else
    propose "$ref" POST "$pulls" --raw-field head="$1" --raw-field base="$BASE"
  fi
}

cd "$RUNNER_TEMP"
gh auth setup-git
git clone --quiet --bare --no-tags --filter=blob:none "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" gitops.git
cd gitops.git
failed=0
for branch in $(git for-each-ref --format='%(refname:lstrip=2)' 'refs/heads/flux/*/*'); do
  attend "$branch" || {
    echo "::error::$branch was not attended to; the reason stands above"
    failed=1
  }
done
exit "$failed"
`;

/** A text in a YAML block. */
export const indented = (text: string, spaces: number): string => text.replace(/^(?=.)/gm, " ".repeat(spaces));

/** No action of anybody's: git and gh are on the runner, so there is nothing to pin. */
function workflow(branch: string, stages: readonly Stage[]): string {
  const paths = stages.map(({ name }) => `\n      - 'apps/*/${name}/**'`);
  return `# Rendered from the configuration: edit it there.
name: Pull requests of Flux
on:
  push:
    branches:
      - '${branch}'
      - 'flux/*/*'
    paths:${paths.join("")}
  workflow_dispatch:
permissions: {}
# One run at a time. Of those that wait GitHub keeps the last, which does the others' work too.
concurrency:
  group: flux-pull-requests
jobs:
  pull-requests:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: write # deletes branches
      pull-requests: write
    steps:
      - name: Attend to every branch that Flux has pushed
        shell: bash
        env:
          # A pull request opened with the workflow's own token starts no other workflow. If it shall, store a token that
          # may write contents and pull requests under this name.
          GH_TOKEN: \${{ secrets.FLUX_PULL_REQUESTS_TOKEN || github.token }}
          BASE: '${branch}'
          AUTHOR: ${automationAuthor.email}
        run: |
${indented(script, 10)}`;
}

const proposes = ({ apps }: Stage): boolean => apps.some(({ rollout }) => rollout === "pull-request");

/**
 * The GitHub workflow that keeps one pull request per branch of Flux's, for a stage that has such apps. All stages share
 * the file, so its text follows from what all of them have configured.
 */
export function pullRequests({ repository, stages }: Fleet, stage: Stage): { readonly [path: string]: string } {
  return proposes(stage) ? { [path]: workflow(repository.branch, stages.filter(proposes)) } : {};
}
