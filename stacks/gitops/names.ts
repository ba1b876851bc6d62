/**
 * In every GitOps repository and cluster. Changing one moves files that people know, or makes Flux lose a tag; a change
 * ships with its migration.
 */
export const fluxNamespace = "flux-system";

/** Flux's own source, which `flux bootstrap` makes. */
export const readSource = "flux-system";

/** The source that image automation pushes to. */
export const writeSource = "flux-system-write";

export const basePath = (app: string): string => `apps/${app}/base`;
export const overlayPath = (app: string, stage: string): string => `apps/${app}/${stage}`;
export const infrastructurePath = (cluster: string): string => `${cluster}/infrastructure`;
export const imageUpdaterPath = (cluster: string): string => `${cluster}/infrastructure/image-updater`;
export const chartsPath = (cluster: string): string => `${cluster}/infrastructure/charts`;
export const issuersPath = (cluster: string): string => `${cluster}/infrastructure/issuers`;
export const upgradesPath = (cluster: string): string => `${cluster}/infrastructure/k3s-upgrade`;
export const notificationsPath = (cluster: string): string => `${cluster}/notifications`;

/** As whom automations commit; a branch of nobody else's commits may be thrown away. */
export const automationAuthor = { name: "fluxcdbot", email: "fluxcdbot@users.noreply.github.com" };

/** Where an automation proposes a new tag; the workflow in pull-requests.ts looks for branches of this form. */
export const pushBranch = (app: string, stage: string): string => `flux/${stage}/${app}`;

/** With the stage, so that another stage's marker never names a policy of this cluster (fluxcd/flux2#4217). */
export const policyName = (app: string, stage: string): string => `${app}-${stage}`;

/** On an ImagePolicy, for the guard of a publish: the running tag that a lower one may follow. Flux does not read it. */
export const allowDowngradeAnnotation = "k3s-stages/allow-downgrade";

/** What Flux calls the state of an app's Kustomization on a commit; without the stage three clusters would share a name. */
export const commitStatus = (stage: string, app: string): string => `flux/${stage}/${app}`;
export const commitStatusExpression = "'flux/' + event.metadata.stage + '/' + event.involvedObject.name";
