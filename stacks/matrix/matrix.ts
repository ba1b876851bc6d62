/** Which version runs where, since when and why no other, from a repository's files and history and the registries' tags. */
import compare from "semver/functions/compare.js";
import { versionOf } from "../config/tags/version.ts";
import { type Line, type Offer, offersOfCluster, policyId } from "../explain/offers.ts";
import { preview } from "../explain/preview.ts";
import { refused, suspended, verdict } from "../explain/verdict.ts";
import { type Commit, lineKey, type Movement } from "./movements.ts";

/** What a registry has of an image, or why that is not known. */
export type Known = { readonly tags: readonly string[] } | { readonly problem: string };

export interface Newer {
  readonly tag: string;
  /** Why it does not run. */
  readonly reason: string;
}

export interface Behind {
  /** The stage that gets versions before this one. */
  readonly stage: string;
  /** How many versions ran there that are above the one here. */
  readonly versions: number;
}

/** One app in one stage; printed by `--json` as it is. */
export interface Cell {
  readonly app: string;
  readonly stage: string;
  readonly image: string;
  readonly tag: string | null;
  /** `automatic`: as a commit; `proposed`: as a pull request. */
  readonly state: "automatic" | "proposed" | "held" | "pinned" | "suspended";
  readonly since: Commit | null;
  readonly policy: string;
  /** The policy's filter and its order. */
  readonly filter: string | null;
  readonly range: string | null;
  readonly newer: readonly Newer[];
  /** Why nobody knows what is newer; null when it is known. */
  readonly unknown: string | null;
  readonly behind: Behind | null;
  readonly history: readonly Movement[];
}

export interface MatrixArgs {
  readonly clusters: readonly Parameters<typeof offersOfCluster>[0][];
  readonly moved: ReadonlyMap<string, readonly Movement[]>;
  readonly known: ReadonlyMap<string, Known>;
  /** Stages in promotion order; others that the repository has come last. */
  readonly order: readonly string[];
}

function stateOf(offer: Offer, line: Line | undefined): Cell["state"] {
  if (line?.frozen) return line.frozen;
  if (suspended(offer)) return "suspended";
  const { checkout, push } = offer.automation?.spec.git ?? {};
  return push?.branch !== undefined && push.branch !== checkout?.ref.branch ? "proposed" : "automatic";
}

/** `1.9.32` of `v1.9.32-stage.2`: what stages have in common. */
export function release(tag: string): string | undefined {
  const version = versionOf(tag);
  return version ? `${version.major}.${version.minor}.${version.patch}` : undefined;
}

function isLaterRelease(tag: string, than: string): boolean {
  const [a, b] = [release(tag), release(than)];
  return a !== undefined && b !== undefined && compare(a, b) > 0;
}

/** Enough to see what waits. */
const shown = 3;

/** What the policy would take, the best first, and the greatest release that is none of this stage's. */
function newerTags(offer: Offer, line: Line | undefined, tags: readonly string[]): readonly Newer[] {
  const current = line?.tag ?? "";
  const { candidates } = preview(offer, tags);
  const at = candidates.indexOf(current);
  const waiting = (at < 0 ? candidates : candidates.slice(0, at)).slice(0, shown).map((tag) => {
    const { accepted, reason } = verdict(offer, tag, { line, isLive: true });
    return { tag, reason: accepted && reason.startsWith("committed") ? "Flux has not committed it yet" : reason };
  });
  const foreign = tags
    .filter((tag) => isLaterRelease(tag, current))
    .flatMap((tag) => {
      const reason = refused(offer, tag);
      return reason === undefined ? [] : [{ tag, reason }];
    });
  return [...waiting, ...foreign.toSorted((a, b) => (isLaterRelease(a.tag, b.tag) ? -1 : 1)).slice(0, 1)];
}

function newerOf(offer: Offer, line: Line | undefined, known: Known | undefined): Pick<Cell, "newer" | "unknown"> {
  if (!known || "problem" in known) return { newer: [], unknown: known?.problem ?? "no registry was asked" };
  try {
    return { newer: newerTags(offer, line, known.tags), unknown: null };
  } catch (error) {
    return { newer: [], unknown: error instanceof Error ? error.message : String(error) };
  }
}

const orderText = ({ policy: { spec } }: Offer): string | null => {
  const { semver, numerical, alphabetical } = spec.policy;
  if (semver) return semver.range;
  return numerical ? `numbers, ${numerical.order}` : alphabetical ? `names, ${alphabetical.order}` : null;
};

/** All of a cell but what its neighbours say. */
function cell(offer: Offer, { moved, known }: MatrixArgs): Omit<Cell, "behind"> {
  const [line] = offer.lines;
  const policy = policyId(offer.policy);
  const history = line ? (moved.get(lineKey(line.file, policy)) ?? []) : [];
  return {
    app: offer.app,
    stage: offer.stage,
    image: offer.repository.spec.image,
    tag: line?.tag ?? null,
    state: stateOf(offer, line),
    since: history[0]?.tag === line?.tag ? (history[0]?.commit ?? null) : null,
    policy,
    filter: offer.policy.spec.filterTags?.pattern ?? null,
    range: orderText(offer),
    ...newerOf(offer, line, known.get(offer.repository.spec.image)),
    history,
  };
}

function behind({ tag }: Omit<Cell, "behind">, below: Omit<Cell, "behind"> | undefined): Behind | null {
  const own = release(tag ?? "");
  if (!(below?.tag && own)) return null;
  const ran = [below.tag, ...below.history.map((each) => each.tag)].flatMap((each) => release(each) ?? []);
  return { stage: below.stage, versions: [...new Set(ran)].filter((each) => compare(each, own) > 0).length };
}

/** Every app in every stage, by app and then in promotion order. @throws Error that names a file that cannot be read */
export function matrix(args: MatrixArgs): readonly Cell[] {
  const offers = args.clusters.flatMap((cluster) => offersOfCluster(cluster));
  const names = [...new Set([...args.order, ...args.clusters.map(({ stage }) => stage)])];
  const apps = [...Map.groupBy(offers, ({ app }) => app)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return apps.flatMap(([, all]) => {
    const own = names.flatMap((stage) => all.find((offer) => offer.stage === stage) ?? []);
    const cells = own.map((offer) => cell(offer, args));
    return cells.map((each, index) => ({ ...each, behind: behind(each, cells[index - 1]) }));
  });
}
