import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "../sandbox/layout.ts";
import type { Sandbox } from "../sandbox/open.ts";
import { initStack, mustRun } from "../sandbox/stage.ts";
import { type Row, timedPair } from "./measure.ts";
import { inSandbox } from "./sandbox.ts";

/** A program that loads the same SDK and declares nothing. */
async function makeEmptyProject(sandbox: Sandbox, folder: string): Promise<void> {
  mkdirSync(folder);
  symlinkSync(join(sandbox.layout.checkout, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: empty\nruntime: {name: nodejs, options: {typescript: false}}\n");
  writeFileSync(
    join(folder, "index.ts"),
    'import * as pulumi from "@pulumi/pulumi";\nexport const version = pulumi.version;\n',
  );
  await mustRun(sandbox, ["--cwd", folder, "stack", "init", "empty"]);
}

type Environment = { readonly [name: string]: string };

const ourPreview = (sandbox: Sandbox, stage: string, env: Environment = {}) =>
  mustRun(sandbox, ["preview", "--expect-no-changes", "--stack", stage], { env });

/** Both previews, as a user's terminal would start them or with more in its environment. */
function noOp(sandbox: Sandbox, stage: string, env: Environment = {}) {
  const ours = () => ourPreview(sandbox, stage, env);
  const empty = ["preview", "--cwd", join(sandbox.layout.root, "empty"), "--stack", "empty"];
  return timedPair(7, { ours, floor: () => mustRun(sandbox, empty, { env }) });
}

const silent = `export class Preflight {
  cleared = Promise.resolve();
  sees = () => undefined;
  namesake = async () => undefined;
  say = async () => {};
}
`;

/** The program as it is, and one that asks Hetzner nothing. */
function programs({ checkout, work }: Layout) {
  const text = readFileSync(join(checkout, "index.ts"), "utf8");
  writeFileSync(join(work, "silent.ts"), silent);
  // Links lead to the checkout, whose files find each other there.
  for (const file of ["index.ts", "main.mjs"]) rmSync(join(work, file));
  writeFileSync(join(work, "main.mjs"), readFileSync(join(checkout, "main.mjs")));
  return {
    asking: text,
    silent: text.replace("./stacks/preflight/program.ts", "./silent.ts"),
    use: (program: string) => writeFileSync(join(work, "index.ts"), program),
  };
}

async function comparison(sandbox: Sandbox): Promise<readonly Row[]> {
  const stage = sandbox.fleet.stages[0]?.name ?? "";
  const { layout } = sandbox;
  await initStack(sandbox, stage);
  await mustRun(sandbox, ["up", "--yes", "--skip-preview", "--stack", stage]);
  await makeEmptyProject(sandbox, join(layout.root, "empty"));
  const plain = await noOp(sandbox, stage);
  // Ours is kept anyway (stacks/compile-cache.mjs); so the empty program's is, too.
  const kept = await noOp(sandbox, stage, { NODE_COMPILE_CACHE: join(layout.root, "compiled") });
  const { asking, silent: quiet, use } = programs(layout);
  const previewOf = (program: string) => () => {
    use(program);
    return ourPreview(sandbox, stage);
  };
  const asked = await timedPair(7, { ours: previewOf(asking), floor: previewOf(quiet) });
  return [
    { measure: "no-op preview / an empty program's", ...plain, goal: 1.3 },
    { measure: "the same, both with NODE_COMPILE_CACHE", ...kept, goal: 1.3 },
    { measure: "no-op preview / one that asks Hetzner nothing", ...asked, goal: 1.1 },
  ];
}

/** A preview of a stage with nothing to change, against a program's that does nothing and against one without the preflight. */
export const benchPreview = (): Promise<readonly Row[]> => inSandbox(comparison);
