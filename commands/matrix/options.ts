import { parsed } from "../usage.ts";

export const help = `Usage: npm run matrix [-- [--repo <url|folder>] [--tags <file>] [--json]
                         [--html <file>]]

Which version of each app runs in each stage, since when and by which commit,
what is newer and why it does not run, how far a stage is behind the one before
it; and the clusters. It reads the GitOps repository's history and the
registries, and needs no cluster. A cluster's price is Hetzner's to tell
(HCLOUD_TOKEN), its certificate's end the stack's (pulumi login).

  --repo <url|folder>  the GitOps repository; the configured one, if not given
  --branch <name>      of it; the configured one, if not given
  --tags <file>        in place of the registries:
                       {"ghcr.io/acme/blog": ["v1.9.31", …]}
  --offline            ask no registry, neither Hetzner nor Pulumi
  --json               for programs
  --html <file>        one page with the pipeline drawn; it needs nothing else
  -h, --help           this text

Ends with 0 when answered, 1 when the repository or the configuration cannot be
used, 2 for wrong options.`;

const known = {
  repo: { type: "string" },
  branch: { type: "string" },
  tags: { type: "string" },
  offline: { type: "boolean" },
  json: { type: "boolean" },
  html: { type: "string" },
  help: { type: "boolean" },
} as const;

/** @throws UsageError */
export function options(args: readonly string[]) {
  return parsed({ args: [...args], options: known }).values;
}

export type Options = ReturnType<typeof options>;
