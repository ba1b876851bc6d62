/**
 * Looks at what merging would do to the marked lines, for every open pull request and every branch of Flux's, whether it has
 * a pull request yet or not. The state is the commit's, so that it does not matter who opened the pull request: one that is
 * opened with a workflow's own token starts no other workflow.
 */
export const mergeCheckScript = String.raw`set -euo pipefail
main="refs/heads/$BASE"
api="repos/$GITHUB_REPOSITORY"

# SemVer's precedence is jq's own: numbers below words, fewer below more, false below true.
versions='def version: capture("^v?(?<core>[0-9]+([.][0-9]+){2})(-(?<pre>[0-9A-Za-z.-]+))?$")
  | [(.core / "." | map(tonumber)), .pre == null,
     ((.pre // "") / "." | map(if test("^[0-9]+$") then tonumber else . end))];'
is_lower() { jq --exit-status --null-input --arg a "$1" --arg b "$2" "$versions"'($a | version) < ($b | version)' >/dev/null; }
release() { sed 's/^v//; s/[-+].*//' <<<"$1"; }
utc() { date --utc --date="@$1" +%Y-%m-%dT%H:%MZ; }

# tag_in COMMIT FILE POLICY: the tag on the policy's line, whoever moves it.
tag_in() {
  git show "$1:$2" 2>/dev/null | sed -n -e 's/@sha256:[0-9a-f]*//' \
    -e "s/^.*:\([^: \"']*\)[\"']\{0,1\} # {\"\$[a-z]*\": \"$3\"}\$/\1/p" | head -n 1 || true
}

# sibling RELEASE FILE POLICY: the newest tag of that release that the line had, when it came, and when it left.
sibling() {
  local commit time tag found="" came="" left=""
  while read -r commit time; do
    tag=$(tag_in "$commit" "$2" "$3")
    if [ -n "$found" ] && [ "$tag" != "$found" ]; then break; fi
    if [ "$(release "$tag")" = "$1" ]; then found=$tag came=$time; else left=$time; fi
  done < <(git log --first-parent --format='%H %ct' "$main" -- "$2")
  if [ -n "$found" ]; then echo "$found $came $left"; fi
}

# shellcheck disable=SC2016 # GraphQL's variables
query='query($owner: String!, $name: String!, $ref: String!, $since: GitTimestamp!, $endCursor: String) {
  repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { target { ... on Commit {
    history(first: 100, since: $since, after: $endCursor) {
      pageInfo { hasNextPage endCursor }
      nodes { committedDate status { contexts { context state createdAt } } }
    } } } } } }'

# healthy_since CONTEXT CAME LEFT: since when Flux has found it well without a break. GitHub tells a commit's last state
# only, so a success that comes an hour after its commit counts as a recovery.
healthy_since() {
  gh api graphql --paginate --raw-field query="$query" --raw-field owner="$GITHUB_REPOSITORY_OWNER" \
    --raw-field name="$(basename "$GITHUB_REPOSITORY")" --raw-field ref="$main" --raw-field since="$(utc "$2")" |
    jq --raw-output --slurp --arg context "$1" --argjson came "$2" --argjson left "$3" '
      [.[].data.repository.ref.target.history.nodes[] | (.committedDate | fromdate) as $committed
        | .status.contexts[]? | select(.context == $context and .state != "PENDING")
        | {at: (.createdAt | fromdate), well: (.state == "SUCCESS")} | .late = (.at - $committed > 3600)
        | select(.at >= $came and .at < $left)]
      | sort_by(.at) | reduce .[] as $each (null;
          if $each.well then (if . == null or $each.late then $each.at else . end) else null end)
      | . // empty'
}

# soaked TAG RULE: says the state and why.
soaked() {
  local stage file policy context seconds after tag came left since until now
  read -r stage file policy context seconds after < <(
    jq --raw-output '.soak | [.stage, .file, .policy, .context, .seconds, .for] | @tsv' <<<"$2")
  read -r tag came left < <(sibling "$(release "$1")" "$file" "$policy") || true
  now=$(date +%s)
  until=$now
  if [ -n "$left" ]; then until=$left; fi
  if [ -z "$tag" ]; then
    echo "failure no $(release "$1") has run in $stage"
    return
  fi
  since=$(healthy_since "$context" "$came" "$((until + 1))") || return
  if [ -z "$since" ]; then
    echo "failure $tag is not known to be healthy in $stage"
  elif [ "$((until - since))" -ge "$seconds" ]; then
    echo "success $tag was healthy in $stage for $after"
  elif [ -n "$left" ]; then
    echo "failure $tag left $stage before it was healthy for $after"
  else
    echo "pending $tag has to stay healthy in $stage until $(utc "$((since + seconds))")"
  fi
}

# judge TREE RULE: says the state and why, or nothing for a tag that stays.
judge() {
  local app stage file policy allowed old new
  read -r app stage file policy allowed < <(
    jq --raw-output '[.app, .stage, .file, .policy, .allowDowngrade // ""] | @tsv' <<<"$2") || true
  old=$(tag_in "$main" "$file" "$policy")
  new=$(tag_in "$1" "$file" "$policy")
  if [ "$new" = "$old" ] || [ -z "$new" ] || [ -z "$old" ]; then return; fi
  if [ "$allowed" != "$old" ] && is_lower "$new" "$old"; then
    echo "failure $new of $app is lower than $old in $stage, and allowDowngrade does not name that"
  elif jq --exit-status '.soak' <<<"$2" >/dev/null; then
    soaked "$new" "$2"
  fi
}

# verdict COMMIT: the worst of what is to be said.
verdict() {
  local tree rule said all=""
  tree=$(git merge-tree --write-tree "$main" "$1") || {
    [ "$?" -eq 1 ] && echo "failure it conflicts with $BASE"
    return
  }
  while read -r rule; do
    said=$(judge "$tree" "$rule") || return
    all+="$said"$'\n'
  done <<<"$RULES"
  for state in failure pending success; do
    grep --max-count=1 "^$state " <<<"$all" && return
  done
  echo "success no tag goes back"
}

# report COMMIT STATE DESCRIPTION, unless that stands there already: GitHub keeps a thousand for a commit.
report() {
  local known
  known=$(gh api "$api/commits/$1/status?per_page=100" |
    jq --raw-output '.statuses[] | select(.context == "promotion") | "\(.state) \(.description)"') || return
  if [ "$known" = "$2 $3" ]; then return; fi
  gh api --silent --method POST "$api/statuses/$1" --raw-field context=promotion --raw-field state="$2" \
    --raw-field description="$(cut -c -140 <<<"$3")"
}

cd "$RUNNER_TEMP"
gh auth setup-git
git clone --quiet --bare --no-tags --filter=blob:none "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" gitops.git
cd gitops.git
# The run of a branch has the branch's copy of this file, which may be older.
rules=$(git show "$main:$WORKFLOW" 2>/dev/null | sed -n 's/^ *\({"app":.*}\)$/\1/p') || true
RULES=$(printf '%s' "$rules" | grep . || printf '%s' "$RULES")
pulls=$(gh api --paginate "$api/pulls?state=open&base=$BASE&per_page=100" | jq --raw-output '.[] | "\(.head.sha) \(.number)"')
branches=$(git for-each-ref --format='%(objectname) 0' 'refs/heads/flux/*/*')
failed=0
while read -r commit number; do
  {
    git cat-file -e "$commit^{commit}" 2>/dev/null || git fetch --quiet origin "refs/pull/$number/head"
    said=$(verdict "$commit") && read -r state why <<<"$said" && echo "$commit: $said" && report "$commit" "$state" "$why"
  } || {
    echo "::error::$commit was not judged; the reason stands above"
    failed=1
  }
done < <(sort --unique --key=1,1 <<<"$pulls"$'\n'"$branches" | grep .)
exit "$failed"
`;
