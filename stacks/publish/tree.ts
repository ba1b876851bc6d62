import * as pulumi from "@pulumi/pulumi";
import { finderOf, type KnownSecrets } from "./exposed.ts";
import { fenced } from "./fence.ts";
import { problemList } from "./problem.ts";

interface Texts {
  readonly [path: string]: string;
}

export interface GitOpsTreeArgs {
  /** The resource's id: one tree per stage. */
  readonly stage: string;
  /** As git pushes to it; url and branch change in place, and moving to another repository deletes nothing in the old one. */
  readonly url: pulumi.Input<string>;
  readonly branch: pulumi.Input<string>;
  /** The cluster's folder, which holds the manifest: `clusters/production`. */
  readonly path: string;
  /** Path in the repository to text. A secret text is refused: Git keeps it for ever. */
  readonly files: { readonly [path: string]: pulumi.Input<string> };
  /** Files of `flux bootstrap`, created empty where they are missing and never touched once they are filled. */
  readonly placeholders: readonly string[];
}

/** What was rendered, before anything is declared: a secret that somebody also wrote in clear would be in Git for ever. */
export function publishable<T extends { readonly files: Texts }>(rendered: T, known: KnownSecrets): T {
  const find = finderOf(known);
  const problems = Object.entries(rendered.files).flatMap(([path, text]) => {
    const key = find(text);
    const message = `holds the value of the secret ${key}, and Git keeps it for ever: leave it out, and make a new one`;
    return key === undefined ? [] : [{ path, message }];
  });
  if (problems.length > 0) throw new pulumi.RunError(problemList(problems));
  return rendered;
}

/** The files of one stage in the GitOps repository, published as one commit. Served by the plugin in `provider/`. */
export class GitOpsTree extends pulumi.CustomResource {
  /** The commit at the branch's head when the stage was last published. */
  declare readonly commit: pulumi.Output<string>;

  constructor(name: string, args: GitOpsTreeArgs, options?: pulumi.CustomResourceOptions) {
    const files = Object.entries(args.files).map(([path, text]) => [path, pulumi.output(text).apply(fenced)]);
    // In every stack's state: the type token is never changed.
    super("gitops:index:Tree", name, { ...args, files: Object.fromEntries(files), commit: undefined }, options);
  }
}
