import { apiReady } from "./api-ready.ts";
import { deployKey } from "./deploy-key.ts";
import { githubDeployKey } from "./github-deploy-key.ts";
import { lifecycle } from "./lifecycle/lifecycle.ts";
import { pki } from "./pki.ts";
import type { Remotes } from "./remotes.ts";
import { repositoryAccess } from "./repository-access.ts";
import type { Resources } from "./resource.ts";
import { stageReady } from "./stage-ready.ts";

/** All resources but the tree. */
export const others = (open: Remotes): Resources => ({
  "gitops:index:Pki": pki(),
  "gitops:index:DeployKey": deployKey(),
  "gitops:index:GitHubDeployKey": githubDeployKey(),
  "gitops:index:RepositoryAccess": repositoryAccess(),
  "gitops:index:ApiReady": apiReady(),
  "gitops:index:StageReady": stageReady(open),
  ...lifecycle(),
});
