/**
 * A STAND-IN for Flux's image-reflector-controller and image-automation-controller: one reconciliation of one cluster over a
 * rendered repository, by their algorithm. What it does not do: it has no memory (a real policy whose tags are gone keeps
 * its last image, and a digest that it reflects once stays though its line is not merged yet), no intervals and backoff, no
 * signing, no credentials, and a changed file is spliced and not printed anew by kyaml, which is the same for files in
 * kyaml's own form.
 */
import { posix } from "node:path";
import { type ClusterObjects, clusterObjects } from "./cluster-objects.ts";
import { type DigestOf, withDigests } from "./digests.ts";
import { commitMessage } from "./message.ts";
import type { ImageUpdateAutomation } from "./objects.ts";
import { type PolicyOutcome, policyOutcomes, type TagList } from "./policies.ts";
import { type Change, update } from "./update.ts";
import { type WorkingCopy, withWorkingCopy } from "./working-copy.ts";

export interface AutomationArgs {
  /** Clone URL that takes the place of the one in every GitRepository. */
  readonly repository: string;
  /** The branch that the cluster follows. */
  readonly branch: string;
  /** The cluster's folder: `clusters/production`. */
  readonly cluster: string;
  readonly tags: TagList;
  /** Asked for policies that reflect digests; a registry that nobody can ask, if not given. */
  readonly digestOf?: DigestOf;
  /** Runs between an automation's commit and its push, where another writer may come first. */
  readonly beforePush?: (automation: string) => Promise<void>;
}

export interface AutomationResult {
  readonly policies: readonly PolicyOutcome[];
  /** In the order in which they ran. */
  readonly automations: readonly AutomationOutcome[];
}

/** `name` is `namespace/name` of the ImageUpdateAutomation. */
export type AutomationOutcome =
  | { readonly name: string; readonly kind: "unchanged"; readonly reason: string }
  | {
      readonly name: string;
      readonly kind: "committed";
      readonly commit: string;
      readonly branch: string;
      readonly files: readonly string[];
      readonly changes: readonly Change[];
    }
  | { readonly name: string; readonly kind: "failed"; readonly reason: string };

interface Run {
  readonly args: AutomationArgs;
  readonly objects: ClusterObjects;
  readonly policies: readonly PolicyOutcome[];
}

const nameOf = ({ metadata }: ImageUpdateAutomation): string => `${metadata.namespace}/${metadata.name}`;

/** The automation's own namespace only, narrowed by its selector. */
function policiesOf({ metadata, spec }: ImageUpdateAutomation, { objects, policies }: Run): readonly PolicyOutcome[] {
  const wanted = Object.entries(spec.policySelector.matchLabels);
  const selected = objects.policies.filter(
    (policy) =>
      policy.metadata.namespace === metadata.namespace &&
      wanted.every(([label, value]) => policy.metadata.labels[label] === value),
  );
  const names = new Set(selected.map((policy) => `${policy.metadata.namespace}:${policy.metadata.name}`));
  return policies.filter(({ policy }) => names.has(policy));
}

function assertSource({ metadata, spec }: ImageUpdateAutomation, { objects: { sources } }: Run): void {
  const { name, namespace = metadata.namespace } = spec.sourceRef;
  if (sources.some((source) => source.metadata.name === name && source.metadata.namespace === namespace)) return;
  throw new Error(`referenced git repository does not exist: ${namespace}/${name}`);
}

/** Flux lists each distinct change once (internal/update/result.go, Changes), in an order that is nobody's. */
function messageOf({ metadata, spec }: ImageUpdateAutomation, changes: readonly Change[]): string {
  const fields = changes.map(({ setter, from, to }) => ({ OldValue: from, NewValue: to, Setter: setter }));
  const distinct = new Map(fields.map((change) => [JSON.stringify(change), change]));
  return commitMessage(spec.git.commit.messageTemplate, {
    AutomationObject: { Namespace: metadata.namespace, Name: metadata.name },
    Changed: { Changes: [...distinct.values()] },
    Values: spec.git.commit.messageTemplateValues,
  });
}

async function writeUpdate(automation: ImageUpdateAutomation, run: Run, copy: WorkingCopy): Promise<AutomationOutcome> {
  const { git, update: where } = automation.spec;
  const name = nameOf(automation);
  const policies = policiesOf(automation, run);
  const images = new Map(policies.flatMap((each) => (each.kind === "selected" ? [[each.policy, each.image]] : [])));
  const { texts, changes } = update(await copy.files(), posix.normalize(where.path), images);
  const without = policies.flatMap((each) =>
    each.kind === "none" ? [`; ${each.policy} has no tag: ${each.reason}`] : [],
  );
  const unchanged = { name, kind: "unchanged", reason: `repository up-to-date${without.join("")}` } as const;
  if (texts.size === 0) return unchanged;
  const commit = await copy.commit(texts, { author: git.commit.author, message: messageOf(automation, changes) });
  if (commit === undefined) return unchanged;
  await run.args.beforePush?.(name);
  const { branch } = git.push;
  const push = await copy.push(branch, { force: branch !== git.checkout.ref.branch });
  if (push.kind === "refused") return { name, kind: "failed", reason: `failed to update source: ${push.reason}` };
  return { name, kind: "committed", commit, branch, files: [...texts.keys()], changes };
}

async function reconcile(automation: ImageUpdateAutomation, run: Run): Promise<AutomationOutcome> {
  const name = nameOf(automation);
  if (automation.spec.suspend) return { name, kind: "unchanged", reason: "suspended" };
  const { checkout, push } = automation.spec.git;
  const switchTo = push.branch === checkout.ref.branch ? undefined : push.branch;
  try {
    assertSource(automation, run);
    const from = { repository: run.args.repository, branch: checkout.ref.branch, switchTo };
    return await withWorkingCopy(from, (copy) => writeUpdate(automation, run, copy));
  } catch (error) {
    return { name, kind: "failed", reason: error instanceof Error ? error.message : `${error}` };
  }
}

const unreachable: DigestOf = () => Promise.reject(new Error("there is no registry to ask"));

/**
 * One reconciliation: every policy selects its tag, then every automation, by name, writes and pushes from a clone of its
 * own. What fails is in the result and is tried again by the next run. @throws Error when the cluster's objects cannot be read
 */
export async function runAutomation(args: AutomationArgs): Promise<AutomationResult> {
  const from = { repository: args.repository, branch: args.branch };
  const { objects, files } = await withWorkingCopy(from, async (copy) => {
    const all = await copy.files();
    return { objects: clusterObjects(all, args.cluster), files: all };
  });
  const { digestOf = unreachable } = args;
  const selected = await policyOutcomes(objects, args.tags);
  const run = { args, objects, policies: await withDigests(selected, { policies: objects.policies, files, digestOf }) };
  const automations: AutomationOutcome[] = [];
  for (const automation of objects.automations.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
    automations.push(await reconcile(automation, run));
  }
  return { policies: run.policies, automations };
}
