import type { Fleet, Stage } from "./fleet.ts";
import { tokenProblem } from "./token.ts";

/**
 * Keys below the project's prefix that hold secrets. The schema does not know them: what is secret never becomes a part of
 * the typed configuration.
 */
const secretKeys = ["clusterToken", "githubToken", "ageKey", "ageKeys", "pullSecrets", "s3", "write"] as const;

export type SecretKey = (typeof secretKeys)[number];

export const isSecretKey = (key: string): key is SecretKey => (secretKeys as readonly string[]).includes(key);

function leaves(key: string, value: unknown): readonly (readonly [string, string])[] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([part, each]) => leaves(`${key}.${part}`, each));
  return value === undefined || value === null ? [] : [[key, String(value)]];
}

/** Every secret in a configuration, by the path that sets it. */
export function secretValues(
  config: { readonly [key: string]: unknown },
  project: string,
): ReadonlyMap<string, string> {
  const keys = ["hcloud:token", "gitops:token", ...secretKeys.map((key) => `${project}:${key}`)];
  return new Map(keys.flatMap((key) => leaves(key, config[key])));
}

/** A secret that a stage cannot do without, or that the program hands over where it is set. */
export interface Need {
  /** As `pulumi config` takes it, project and path included: `k3s-stages:pullSecrets.registry`. */
  readonly key: string;
  /** What it is, and where one gets it. */
  readonly what: string;
  /** What is wrong with a value, seen from its form alone; the words never have the value. */
  readonly problem: (value: string) => string | undefined;
  /** Given to the cluster's API and to nobody else. */
  readonly cluster: boolean;
  /** A person may bring it instead; where one of a group is set, all of it are. */
  readonly group?: string;
}

/** The parts of a stack file's value that everybody who can read the file can read, by their path. */
function inClear(key: string, value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return value === undefined ? [] : [key];
  if ("secure" in value) return [];
  return Object.entries(value).flatMap(([part, each]) => inClear(`${key}.${part}`, each));
}

const formed =
  (form: RegExp, words: string): Need["problem"] =>
  (value) =>
    form.test(value) ? undefined : words;

/** As age-keygen writes it; two of them while files change from one to the other. */
const ageKey: Need["problem"] = (value) => {
  const lines = value.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const isKey = keys.length > 0 && keys.every((line) => /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/.test(line));
  return isKey ? undefined : "it is no AGE-SECRET-KEY-1…";
};
const word = formed(/^\S+$/, "it has white space in it: set it without");
const registry = formed(/^\s*\{[\s\S]*"auths"[\s\S]*\}\s*$/, 'it is no JSON with "auths"');

/** Keys by which files of the stage are decrypted, by the name of their Secret in flux-system. */
export function ageSecrets({ repository }: Fleet, { apps }: Stage): readonly string[] {
  const all = [repository.decryption, ...apps.map(({ decryption }) => decryption)];
  return [...new Set(all.flatMap((each) => each?.secret ?? []))].toSorted();
}

export interface PullSecret {
  readonly namespace: string;
  readonly name: string;
}

/** Registry credentials, each in the namespace of the apps that use it. */
export function pullSecrets({ apps }: Stage): readonly PullSecret[] {
  const all = apps.flatMap(({ namespace, pullSecret }) => (pullSecret ? [`${namespace}/${pullSecret}`] : []));
  return [...new Set(all)].toSorted().map((each) => {
    const [namespace = "", name = ""] = each.split("/");
    return { namespace, name };
  });
}

function ageNeeds(fleet: Fleet, stage: Stage): readonly Need[] {
  const main = fleet.repository.decryption?.secret;
  return ageSecrets(fleet, stage).map((name) => ({
    key: `${fleet.project}:${name === main ? "ageKey" : `ageKeys.${name}`}`,
    what: `the age key that decrypts its files (Secret ${name}); make one with age-keygen`,
    problem: ageKey,
    cluster: true,
  }));
}

/** Which token the repository is reached with, where it is reached by https. */
function gitNeeds({ project, repository }: Fleet): readonly Need[] {
  const rest = { problem: word, cluster: false };
  if (repository.bootstrap.kind === "github")
    return [{ key: `${project}:githubToken`, what: "a GitHub token for flux bootstrap github", ...rest }];
  if (repository.url.startsWith("ssh://")) return [];
  return [{ key: "gitops:token", what: "a token that may read and write the GitOps repository", ...rest }];
}

const privateKey = formed(
  /^-----BEGIN [A-Z ]*PRIVATE KEY-----\n[\s\S]+-----END [A-Z ]*PRIVATE KEY-----\s*$/,
  "it is no private key: pass the file, by <file",
);
const number = formed(/^[0-9]+$/, "it is no number");

/** Of the credential that image automation pushes with, in Flux's own words; none where that is bootstrap's. */
export function writeParts({ write: { secret, provider, url } }: Fleet["repository"]) {
  if (secret === "flux-system") return [];
  if (provider === "github")
    return [
      { part: "githubAppID", what: "the GitHub App's id", problem: number },
      { part: "githubAppInstallationID", what: "the id of its installation", problem: number },
      { part: "githubAppPrivateKey", what: "a private key of the App", problem: privateKey },
    ];
  return url.startsWith("ssh://")
    ? [{ part: "identity", what: "the private half of a deploy key that may write", problem: privateKey }]
    : [{ part: "password", what: "a token that may push", problem: word }];
}

const console_ = "Hetzner console > project > Security > API tokens, read and write";

function hcloudNeeds(project: string, { cluster: { cloudProvider } }: Stage): readonly Need[] {
  const first = { key: "hcloud:token", what: `a Hetzner token (${console_})`, problem: tokenProblem, cluster: false };
  const what = `a second Hetzner token, for what runs in the cluster (${console_})`;
  const second = { key: `${project}:clusterToken`, what, problem: tokenProblem, cluster: true };
  return cloudProvider === "hcloud" ? [first, second] : [first];
}

/** What a stage has to be told that must not stand in a file in clear, in the order in which one meets it. */
export function stageNeeds(fleet: Fleet, stage: Stage): readonly Need[] {
  const { project } = fleet;
  const names = [...new Set(pullSecrets(stage).map(({ name }) => name))];
  const store = stage.cluster.snapshots ? ["accessKey", "secretKey"] : [];
  return [
    ...hcloudNeeds(project, stage),
    ...gitNeeds(fleet),
    ...ageNeeds(fleet, stage),
    ...names.map((name): Need => {
      const what = "a registry credential: the text of a docker config.json";
      return { key: `${project}:pullSecrets.${name}`, what, problem: registry, cluster: true };
    }),
    ...writeParts(fleet.repository).map(
      ({ part, ...rest }): Need => ({ key: `${project}:write.${part}`, ...rest, cluster: true, group: "write" }),
    ),
    ...store.map((part): Need => {
      const what = `the ${part} of the bucket that holds etcd's snapshots`;
      return { key: `${project}:s3.${part}`, what, problem: word, cluster: true };
    }),
  ];
}

/** By the full key, as far as they are set. */
export interface Given {
  readonly [key: string]: string | undefined;
}

/** The line that sets one; a part of a structured value needs `--path`. */
const command = (key: string, stage: string): string =>
  `pulumi config set --stack ${stage} --secret ${key.includes(".") ? `--path '${key}'` : key}`;

/** Every secret that is missing or has another form, each with the line that sets it; never a value. */
export function secretProblems(needs: readonly Need[], given: Given, stage: string): readonly string[] {
  const begun = new Set(needs.flatMap(({ key, group }) => (given[key] === undefined ? [] : [group])));
  return needs.flatMap(({ key, what, problem, group }) => {
    const value = given[key];
    if (value === undefined && group !== undefined && !begun.has(group)) return [];
    const wrong = value === undefined ? what : problem(value);
    return wrong === undefined ? [] : [`  ${command(key, stage)}   # ${wrong}`];
  });
}

/** Secrets of a stack file's `config` that are in everybody's clone, each with the line that sets another one. */
export function openSecrets(
  config: { readonly [key: string]: unknown },
  project: string,
  stage: string,
): readonly string[] {
  const keys = ["hcloud:token", "gitops:token", ...secretKeys.map((key) => `${project}:${key}`)];
  const open = keys.flatMap((key) => inClear(key, config[key]));
  return open.map((key) => `  ${command(key, stage)}   # it stands there in clear: make a new one`);
}
