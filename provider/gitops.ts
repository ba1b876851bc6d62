import { apiReady } from "./api-ready.ts";
import { deployKey } from "./deploy-key.ts";
import { githubDeployKey } from "./github-deploy-key.ts";
import { lifecycle } from "./lifecycle.ts";
import { pki } from "./pki.ts";
import { remotes } from "./remotes.ts";
import { repositoryAccess } from "./repository-access.ts";
import type { Provider } from "./resource.ts";
import { stageReady } from "./stage-ready.ts";
import { tree, treeWork } from "./tree.ts";

/** The package `gitops`. Type tokens are in every stack's state: they are never renamed. */
export function gitops(): Provider {
  const open = remotes();
  return {
    name: "gitops",
    version: "0.1.0",
    // Begins a run of the engine: its token, and a fresh look at the remote.
    configure: ({ token }) => open.restart(typeof token === "string" && token !== "" ? token : undefined),
    prepare: treeWork,
    resources: {
      "gitops:index:Tree": tree(open),
      "gitops:index:Pki": pki(),
      "gitops:index:DeployKey": deployKey(),
      "gitops:index:GitHubDeployKey": githubDeployKey(),
      "gitops:index:RepositoryAccess": repositoryAccess(),
      "gitops:index:ApiReady": apiReady(),
      "gitops:index:StageReady": stageReady(open),
      ...lifecycle(),
    },
  };
}
