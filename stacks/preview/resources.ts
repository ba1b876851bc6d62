import type { Step } from "./events.ts";

export type Kind = "create" | "update" | "replace" | "delete";

export interface ResourceChange {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly change: Kind;
  /** The properties because of which, as Pulumi names them. */
  readonly why: readonly string[];
  /** What may be lost by it. */
  readonly dangers: readonly string[];
}

const kinds: { readonly [op: string]: Kind } = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
};

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const inputs = (step: Step) => ({ old: step.oldState?.inputs ?? {}, now: step.newState?.inputs ?? {} });

/** What goes for good with a resource of a type. */
const losses: { readonly [type: string]: string } = {
  "hcloud:index/server:Server": "its disk is lost",
  "hcloud:index/volume:Volume": "its data is lost",
  "hcloud:index/network:Network": "every node loses its private address",
  "hcloud:index/primaryIp:PrimaryIp": "the address is given back, and DNS may point to it",
  "hcloud:index/loadBalancer:LoadBalancer": "its address is lost, and DNS may point to it",
  "gitops:index:Pki": "no node and no kubeconfig is trusted any more",
  "gitops:index:Tree": "the stage's files leave the repository, and what Flux applied from them leaves the cluster",
};

function isControlPlane({ old, now }: ReturnType<typeof inputs>): boolean {
  return [old, now].some(({ labels }) => isRecord(labels) && labels["role"] === "server");
}

function lost(step: Step, change: Kind): readonly string[] {
  const type = typeOf(step);
  const loss = losses[type];
  if (!loss || (change !== "delete" && change !== "replace")) return [];
  const isMember = type === "hcloud:index/server:Server" && isControlPlane(inputs(step));
  return [isMember ? `a control-plane node: ${loss}, and the cluster has one member less` : loss];
}

/** Who may reach what, one entry for each rule and address. */
function openings(rules: unknown): ReadonlySet<string> {
  const all: readonly unknown[] = Array.isArray(rules) ? rules : [];
  const inbound = all.filter(isRecord).filter((rule) => rule["direction"] === "in");
  return new Set(
    inbound.flatMap(({ protocol, port, sourceIps }) => {
      const sources: readonly unknown[] = Array.isArray(sourceIps) ? sourceIps : [];
      return sources.map((source) => `${protocol}${port ? ` ${port}` : ""} from ${source}`);
    }),
  );
}

function opened(step: Step): readonly string[] {
  if (typeOf(step) !== "hcloud:index/firewall:Firewall" || step.op !== "update") return [];
  const { old, now } = inputs(step);
  const before = openings(old["rules"]);
  const wider = [...openings(now["rules"])].filter((each) => !before.has(each));
  return wider.length > 0 ? [`the firewall opens ${wider.join(", ")}`] : [];
}

function unprotected(step: Step): readonly string[] {
  const { old, now } = inputs(step);
  const gone = ["deleteProtection", "rebuildProtection"].filter((key) => old[key] === true && now[key] !== true);
  return step.op === "update" ? gone.map((key) => `${key} goes`) : [];
}

const typeOf = ({ newState, oldState }: Step): string => newState?.type || oldState?.type || "";

function change(step: Step, kind: Kind): ResourceChange {
  const reasons = kind === "replace" ? (step.replaceReasons ?? []) : [];
  const differing = Object.keys(step.detailedDiff ?? {});
  const why = reasons.length > 0 ? reasons : differing.length > 0 ? differing : (step.diffReasons ?? []);
  return {
    urn: step.urn,
    type: typeOf(step),
    name: step.urn.split("::").at(-1) ?? step.urn,
    change: kind,
    why: kind === "create" || kind === "delete" ? [] : why,
    dangers: [...lost(step, kind), ...opened(step), ...unprotected(step)],
  };
}

/** What changes of every resource; the two halves of a replacement are one. */
export function resourceChanges(steps: readonly Step[]): readonly ResourceChange[] {
  const byUrn = Map.groupBy(
    steps.filter(({ op }) => op in kinds),
    ({ urn }) => urn,
  );
  return [...byUrn.values()].flatMap((own) => {
    const step = own.find(({ op }) => op === "replace") ?? own.find(({ op }) => op === "create-replacement") ?? own[0];
    const kind = step && kinds[step.op];
    return step && kind ? [change(step, kind)] : [];
  });
}
