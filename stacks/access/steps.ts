import type { Repository } from "../config/fleet.ts";

/** `acme/gitops` of an address at GitHub, with its parts. */
export function githubRepository(url: string): { readonly owner: string; readonly repository: string } | undefined {
  const [, owner, repository] =
    /^(?:ssh:\/\/git@|https:\/\/)github\.com(?::22)?\/([^/]+)\/([^/]+?)(?:\.git)?$/.exec(url) ?? [];
  return owner && repository ? { owner, repository } : undefined;
}

/** What a person does so that the host knows a stage's deploy key. */
export function deployKeySteps({ url }: Pick<Repository, "url">, publicKey: string): string {
  const github = githubRepository(url);
  const where = github
    ? `at https://github.com/${github.owner}/${github.repository}/settings/keys/new ("Allow write access")`
    : `at ${url}, with the right to write`;
  return [
    `Add the stage's public key as a deploy key ${where}, then run \`pulumi up\` again; no server was created yet:`,
    `  ${publicKey}`,
    "A deploy key that is there without that right has to be deleted first.",
    ...(github
      ? [
          "Or let the program register it, by a token that may administer this repository:",
          "  pulumi config set --secret githubToken",
        ]
      : []),
  ].join("\n");
}

/** What a person does so that a token suffices. */
export const tokenSteps = ({ bootstrap }: Pick<Repository, "bootstrap">): string =>
  bootstrap.kind === "github"
    ? 'The token needs "Contents: read and write" and "Administration: read": pulumi config set --secret githubToken'
    : 'The token needs to read and to push ("Contents: read and write"): pulumi config set --secret gitops:token';
