import { writeFileSync } from "node:fs";
import { columns } from "../stacks/terminal/columns.ts";
import type { Layout } from "./layout.ts";
import { type Sandbox, withSandbox } from "./open.ts";
import { Checks, type Report } from "./report.ts";
import { counted, heading } from "./say.ts";
import { tellStory } from "./story.ts";

function welcome({ services, origin }: Sandbox): void {
  console.log("k3s-stages in a sandbox. Pulumi, git and the program are the real ones;");
  console.log("Hetzner, GitHub, nodes, registry, Flux and the plugins for Hetzner and Kubernetes are stand-ins.");
  const rows = [
    ["Pulumi CLI", origin],
    ["Hetzner API", services.hetzner.url],
    ["GitOps repository", services.repository],
    ["registry", services.registry.url],
  ];
  console.log(columns(rows).join("\n"));
}

function tableOf({ stages }: Report): string {
  const rows = stages.flatMap(({ stage, nodes, apps }) =>
    apps.map(({ app, tag, commit }, index) =>
      index === 0 ? [stage, String(nodes.length), app, tag, commit] : ["", "", app, tag, commit],
    ),
  );
  return columns([["stage", "nodes", "app", "tag", "commit"], ...rows]).join("\n");
}

const goOn = `Look:   .sandbox/report.json; .sandbox/work, the copy of the project
        git clone .sandbox/git/gitops.git
Go on:  npm run sandbox -- preview --stack prod --diff   any Pulumi command in it
        npm run sandbox -- --help                        push a tag, and more
        npm run sandbox -- down                          take it all away`;

function finish(layout: Layout, report: Report): number {
  writeFileSync(layout.report, `${JSON.stringify(report, null, 2)}\n`);
  heading(tableOf(report));
  const failed = report.checks.filter(({ held }) => !held);
  heading(
    failed.length === 0
      ? `All ${report.checks.length} checks held.`
      : `Did not hold: ${counted(failed.length, "check")}.`,
  );
  heading(goOn);
  return failed.length === 0 ? 0 : 1;
}

/** `npm start`: the whole story from an empty sandbox. Resolves to the exit status. */
export function start(layout: Layout, signal: AbortSignal): Promise<number> {
  return withSandbox({ layout, signal, anew: true }, async (sandbox) => {
    welcome(sandbox);
    const checks = new Checks();
    const stages = await tellStory(sandbox, checks);
    return finish(layout, { checks: checks.all, stages });
  });
}
