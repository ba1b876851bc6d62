/** SHELL: what a stage's cluster reaches the GitOps repository with, made and proved before any server is. */
import * as pulumi from "@pulumi/pulumi";
import type { GivenSecret } from "../cluster/node-settings.ts";
import type { Fleet, Stage } from "../config/fleet.ts";
import { agentTokenSecret } from "./agent-token.ts";
import type { StageSecrets } from "./secrets.ts";
import { restoredFrom } from "./snapshot.ts";
import { deployKeySteps, githubRepository, tokenSteps } from "./steps.ts";

interface DeployKeyArgs {
  readonly comment: string;
  readonly generation: number;
  /** Whether another one would reach the cluster; yes, if not given. */
  readonly reached?: boolean;
}

/** An ed25519 pair that the plugin in `provider/` makes; another generation is another pair. */
class DeployKey extends pulumi.CustomResource {
  declare readonly publicKey: pulumi.Output<string>;
  declare readonly privateKey: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, args: DeployKeyArgs) {
    const outputs = { publicKey: undefined, privateKey: undefined, fingerprint: undefined };
    // In every stack's state, as those below: the type token is never changed.
    super("gitops:index:DeployKey", name, { ...args, ...outputs }, { additionalSecretOutputs: ["privateKey"] });
  }
}

interface GitHubDeployKeyArgs {
  readonly owner: string;
  readonly repository: string;
  readonly title: string;
  readonly key: pulumi.Input<string>;
  readonly token: pulumi.Input<string>;
}

/** A public key at a GitHub repository, with write access. */
class GitHubDeployKey extends pulumi.CustomResource {
  constructor(name: string, args: GitHubDeployKeyArgs) {
    super("gitops:index:GitHubDeployKey", name, { ...args, keyId: undefined });
  }
}

interface RepositoryAccessArgs {
  readonly url: string;
  readonly branch: string;
  /** Of ssh, with the host's keys. */
  readonly privateKey?: pulumi.Input<string>;
  readonly knownHosts?: string;
  /** Of https. */
  readonly token?: pulumi.Input<string>;
  /** What a person can do when it cannot push. */
  readonly steps: pulumi.Input<string>;
}

/** The credential may read and push: tried at its creation, and again when it changes. */
class RepositoryAccess extends pulumi.CustomResource {
  constructor(name: string, args: RepositoryAccessArgs, options: pulumi.CustomResourceOptions) {
    super("gitops:index:RepositoryAccess", name, { ...args }, options);
  }
}

export interface RepositoryCredential {
  /** Of the Secrets by which Flux reaches the repository, in Flux's own words. */
  readonly data: { readonly [key: string]: pulumi.Input<string> };
  /** The deploy key's public half; nothing where a token is used. */
  readonly publicKey: pulumi.Output<string> | undefined;
  /** Done once the credential may read and push. */
  readonly proved: pulumi.Resource;
}

interface Owner {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly secrets: StageSecrets;
}

/** At GitHub by its API, where there is a token; else a person does it. */
function register(key: DeployKey, { fleet, stage, secrets }: Owner): readonly pulumi.Resource[] {
  const at = githubRepository(fleet.repository.url);
  if (!(at && secrets.githubToken)) return [];
  const title = `${fleet.project}-${stage.name}`;
  return [new GitHubDeployKey(stage.name, { ...at, title, key: key.publicKey, token: secrets.githubToken })];
}

function byKey(owner: Owner): RepositoryCredential {
  const { url, branch, knownHosts: hosts } = owner.fleet.repository;
  const { name, cluster } = owner.stage;
  const args = { comment: `${owner.fleet.project}-${name}`, generation: cluster.rotate.deployKey };
  const key = new DeployKey(name, { ...args, ...(cluster.access === "none" ? { reached: false } : {}) });
  const { publicKey, privateKey } = key;
  const dependsOn = [...register(key, owner)];
  const knownHosts = `${hosts.join("\n")}\n`;
  const steps = publicKey.apply((own) => deployKeySteps({ url }, own));
  const proved = new RepositoryAccess(name, { url, branch, privateKey, knownHosts, steps }, { dependsOn });
  const data = { identity: privateKey, "identity.pub": publicKey, known_hosts: knownHosts };
  return { data, publicKey, proved };
}

function byToken({ fleet: { repository }, stage, secrets }: Owner): RepositoryCredential {
  const { url, branch, bootstrap } = repository;
  const token = (bootstrap.kind === "github" ? secrets.githubToken : secrets.gitToken) ?? pulumi.output("");
  const proved = new RepositoryAccess(stage.name, { url, branch, token, steps: tokenSteps(repository) }, {});
  return { data: { username: "git", password: token }, publicKey: undefined, proved };
}

export function repositoryCredential(owner: Owner): RepositoryCredential {
  return owner.fleet.repository.url.startsWith("ssh://") ? byKey(owner) : byToken(owner);
}

interface OwnSecrets {
  readonly serverFiles: pulumi.Output<{ readonly [path: string]: string }>;
  readonly serverToken: pulumi.Output<string>;
  readonly agentToken: pulumi.Output<string>;
}

type ToldSecrets = Pick<RepositoryCredential, "data"> & Pick<StageSecrets, "s3">;

/** What a new cluster needs from the first, where nobody can hand it over. */
function given({ agentToken }: OwnSecrets, { data }: ToldSecrets): pulumi.Output<readonly GivenSecret[]> {
  const metadata = { namespace: "flux-system", name: "flux-bootstrap" };
  const secrets = pulumi.all([data, agentToken]).apply(([stringData, token]) => {
    return [{ metadata, type: "Opaque", stringData }, agentTokenSecret(token)];
  });
  return pulumi.secret(secrets);
}

/** What machines are told in user data: the cluster's own, and the credential for git only where nobody can hand it over. */
export function toldToNodes({ cluster }: Stage, own: OwnSecrets, others: ToldSecrets) {
  const { serverFiles, serverToken, agentToken } = own;
  const unreached = cluster.access === "none" ? { given: given(own, others) } : {};
  return { serverFiles, serverToken, agentToken, ...unreached, ...restoredFrom(cluster, others.s3) };
}
