import type { Problem } from "../error.ts";
import { knownHosts, sshHost } from "../known-hosts.ts";
import type { ProjectKeys, Written } from "../schema/schema.ts";

type Shared = ProjectKeys["apps"][string];

const shared = (path: Problem["path"], message: string): Problem => ({ file: "Pulumi.yaml", path, message });

/** An external base is people's, so what would be rendered into it is written there. */
function baseProblems(name: string, app: Shared): readonly Problem[] {
  const at = (key: string, message: string) => shared(["apps", name, key], message);
  if (app.base === "rendered") {
    const container = `is for an external base; the rendered one calls it ${name}. Remove it, or set base: external`;
    return [
      ...(app.ports ? [] : [at("ports", "missing (a mapping; only an external base has none)")]),
      ...(app.container ? [at("container", container)] : []),
    ];
  }
  const written = { ...app, ingress: app.ingress.length > 0 ? app.ingress : undefined };
  const keys = ["ports", "security", "user", "probes", "ingress", "issuer"] as const;
  const message = `the base of ${name} is external: write it in apps/${name}/base and remove it here`;
  return keys.filter((key) => written[key] !== undefined).map((key) => at(key, message));
}

/** Flux logs in as a GitHub App over https only (source-controller, GitRepository `provider`). */
function writeProblems({ url, write }: ProjectKeys["repository"]): readonly Problem[] {
  if (write.provider !== "github") return [];
  const at = (key: string, message: string) => shared(["repository", "write", key], message);
  const pushed = write.url ?? url;
  const https = pushed.replace(/^ssh:\/\/([^@/]+@)?/, "https://");
  const bootstrap = "is bootstrap's, with a deploy key or token in it; give the App's data a Secret of its own";
  return [
    ...(pushed === https ? [] : [at("url", `a GitHub App pushes over https: use ${https}, not ${pushed}`)]),
    ...(write.secret === "flux-system" ? [at("secret", `flux-system ${bootstrap}`)] : []),
  ];
}

/** flux bootstrap github builds the URL itself, from owner and repository. */
function bootstrapProblems({ url, bootstrap }: ProjectKeys["repository"]): readonly Problem[] {
  if (bootstrap === "git" || /^https:\/\/github\.com\/[^/]+\/[^/]+$/.test(url)) return [];
  const message = `flux bootstrap github needs url: https://github.com/<owner>/<repository>, not ${url}; or use git`;
  return [shared(["repository", "bootstrap"], message)];
}

/** Without the host's own keys anybody in between could be the repository. */
function hostProblems(repository: ProjectKeys["repository"]): readonly Problem[] {
  const host = sshHost(repository.url);
  if (host === undefined || knownHosts(repository).some((line) => line.startsWith(`${host} `))) return [];
  const key = repository.knownHosts ? "knownHosts" : "url";
  const scan = host.startsWith("[") ? host.replace(/^\[(.+)\]:(\d+)$/, "-p $2 $1") : host;
  const message =
    `no host key of ${host} is pinned: put the lines of \`ssh-keyscan ${scan}\` into repository.knownHosts, after ` +
    "you compared them with what the host publishes";
  return [shared(["repository", key], message)];
}

/** Git keeps no branch beside branches below its name, and the pull requests' workflow takes what lies below for its own. */
function branchProblems({ shared: { repository }, stacks }: Written): readonly Problem[] {
  const { branch } = repository;
  const overrides = Object.entries(stacks).flatMap(([stage, own]) =>
    Object.entries(own.overrides).map(([name, { rollout }]) => ({ file: `Pulumi.${stage}.yaml`, name, rollout })),
  );
  if (branch !== "flux" && !branch.startsWith("flux/")) return [];
  return overrides
    .filter(({ rollout }) => rollout === "pull-request")
    .map(({ file, name }) => ({
      file,
      path: ["overrides", name, "rollout"],
      message: `its branch lies below flux/, where repository.branch (${branch}) is too; rename that one`,
    }));
}

/** How a tag comes into the repository, and whose the files are that it is written beside. */
export function crosscheckRollout(written: Written): readonly Problem[] {
  const { apps, repository } = written.shared;
  return [
    ...Object.entries(apps).flatMap(([name, app]) => baseProblems(name, app)),
    ...writeProblems(repository),
    ...bootstrapProblems(repository),
    ...hostProblems(repository),
    ...branchProblems(written),
  ];
}
