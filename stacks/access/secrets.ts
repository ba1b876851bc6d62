/** SHELL: the secrets of a stage, as Pulumi keeps them. They go from here into resources, and never into the typed configuration. */
import * as pulumi from "@pulumi/pulumi";

interface Texts {
  readonly [name: string]: string;
}

/** What `load.ts` found to be there; anything else is `undefined`. */
export interface StageSecrets {
  /** For what runs in the cluster: the cloud controller manager and the CSI driver. */
  readonly clusterToken: pulumi.Output<string> | undefined;
  readonly githubToken: pulumi.Output<string> | undefined;
  readonly gitToken: pulumi.Output<string> | undefined;
  /** The repository's. */
  readonly ageKey: pulumi.Output<string> | undefined;
  /** Others, by the name of their Secret. */
  readonly ageKeys: pulumi.Output<Texts> | undefined;
  /** dockerconfigjson by the name of the Secret. */
  readonly pullSecrets: pulumi.Output<Texts> | undefined;
  /** What image automation pushes with, by its Secret's keys. */
  readonly write: pulumi.Output<Texts> | undefined;
  readonly s3: pulumi.Output<{ readonly accessKey: string; readonly secretKey: string }> | undefined;
}

export function stageSecrets(): StageSecrets {
  const own = new pulumi.Config();
  return {
    clusterToken: own.getSecret("clusterToken"),
    githubToken: own.getSecret("githubToken"),
    gitToken: new pulumi.Config("gitops").getSecret("token"),
    ageKey: own.getSecret("ageKey"),
    ageKeys: own.getSecretObject("ageKeys"),
    pullSecrets: own.getSecretObject("pullSecrets"),
    write: own.getSecretObject("write"),
    s3: own.getSecretObject("s3"),
  };
}
