import { isTag } from "../../stacks/registry/reference.ts";
import { parseImage } from "../../stacks/tree/image.ts";
import { parsed, UsageError } from "../usage.ts";

export const help = `Usage: npm run explain -- <image>:<tag> [--repo <url|folder>] [--json]
       npm run explain -- --app <name> --stage <stage> [--tags <file>]
                          [--repo <url|folder>] [--json]

The first says which stages take a tag: by which policy, which line changes,
what it replaces; and of each stage that does not take it, why. The second says
which tag of the registry an app would run in a stage. Nothing is ever written.

  --repo <url|folder>  the GitOps repository; without it the configuration of
                       this folder is rendered, and which tags run now is
                       unknown
  --branch <name>      of the repository (default: main)
  --tags <file>        one tag a line, or a JSON list, in place of the
                       registry's
  --username <name>    for the registry, with the password in REGISTRY_PASSWORD;
                       without it what docker login left in
                       ~/.docker/config.json, or nothing
  --json               for programs
  -h, --help           this text

Ends with 0 when a stage takes the tag, 1 when none does, 2 when it cannot be
said, and for wrong options.`;

export type Asked =
  | { readonly kind: "help" }
  | { readonly kind: "tag"; readonly image: string; readonly tag: string }
  | { readonly kind: "app"; readonly app: string; readonly stage: string };

const known = {
  app: { type: "string" },
  stage: { type: "string" },
  repo: { type: "string" },
  branch: { type: "string" },
  tags: { type: "string" },
  username: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const given = (args: readonly string[]) => parsed({ args: [...args], options: known, allowPositionals: true });

function askedTag(reference: string): Asked {
  const { name, tag } = parseImage(reference);
  if (!(name && tag)) throw new UsageError(`${reference} has no tag: write <image>:<tag>.`);
  if (!isTag(tag)) throw new UsageError(`${tag} is no tag: letters, digits, '_', '.' and '-', at most 128.`);
  return { kind: "tag", image: name, tag };
}

function asked({ values, positionals }: ReturnType<typeof given>): Asked {
  const { app, stage, help: isHelp, tags, username } = values;
  const [reference, ...more] = positionals;
  if (isHelp) return { kind: "help" };
  if (more.length > 0) throw new UsageError("one image at a time.");
  if (reference === undefined && app && stage) return { kind: "app", app, stage };
  if (reference === undefined || app || stage) throw new UsageError("name either <image>:<tag>, or --app and --stage.");
  if (tags || username) throw new UsageError("--tags and --username go with --app and --stage.");
  return askedTag(reference);
}

/** @throws UsageError */
export function options(args: readonly string[]) {
  const found = given(args);
  return { asked: asked(found), ...found.values };
}

export type Options = ReturnType<typeof options>;
