import type { App, Fleet, Stage } from "../config/fleet.ts";
import { mergeCheckScript } from "./merge-check-script.ts";
import { commitStatus, overlayPath, policyName } from "./names.ts";
import { indented } from "./pull-requests.ts";

const path = ".github/workflows/flux-merge-check.yaml";

const proposed = ({ apps }: Stage): readonly App[] => apps.filter(({ rollout }) => rollout === "pull-request");

/** One line of JSON for an app and stage whose tags come by pull request. */
function rule(app: App, stage: Stage): string {
  const { soak } = app;
  const line = (at: string) => ({
    file: `${overlayPath(app.name, at)}/deployment-patch.yaml`,
    policy: `${app.namespace}:${policyName(app.name, at)}`,
  });
  return JSON.stringify({
    ...{ app: app.name, stage: stage.name, ...line(stage.name), allowDowngrade: app.allowDowngrade },
    soak: soak && {
      ...{ stage: soak.stage, ...line(soak.stage), context: commitStatus(soak.stage, app.name) },
      ...{ seconds: soak.seconds, for: soak.for },
    },
  });
}

function workflow(branch: string, rules: readonly string[]): string {
  // Time passes without a push.
  const schedule = rules.some((each) => each.includes('"soak"')) ? "\n  schedule:\n    - cron: '*/20 * * * *'" : "";
  return `# Rendered from the configuration: edit it there.
name: Merge check
on:
  push:
    branches:
      - '${branch}'
      - 'flux/*/*'
  pull_request:
    branches:
      - '${branch}'${schedule}
  workflow_dispatch:
permissions: {}
# Of those that wait GitHub keeps the last, which does the others' work too.
concurrency:
  group: flux-merge-check
jobs:
  promotion:
    # A pull request of a fork gets no right to say anything; the next run for ${branch} judges it.
    if: github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read
      pull-requests: read
      statuses: write # reads Flux's, and writes the one called promotion
    steps:
      - name: Judge every tag that is proposed
        shell: bash
        env:
          GH_TOKEN: \${{ github.token }}
          BASE: '${branch}'
          WORKFLOW: ${path}
          RULES: |-
${indented(rules.join("\n"), 12)}
        run: |
${indented(mergeCheckScript, 10)}`;
}

/**
 * The GitHub workflow that lets no pull request lower a tag, or merge one before its time, as the commit status `promotion`.
 * All stages share the file, as they do that of the pull requests.
 */
export function mergeCheck({ repository, stages }: Fleet, stage: Stage): { readonly [path: string]: string } {
  const rules = stages.flatMap((each) => proposed(each).map((app) => rule(app, each)));
  return proposed(stage).length > 0 ? { [path]: workflow(repository.branch, rules) } : {};
}
