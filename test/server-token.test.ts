/** Another server token over real mutual TLS, against the stand-in of the API (sandbox/cluster): order, resume, refusals. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serverToken } from "../provider/lifecycle/server-token.ts";
import type { CreateRequest, UpdateRequest } from "../provider/resource.ts";
import { type Properties, unknown } from "../provider/values.ts";
import { refusal, type Said } from "../sandbox/cluster/answer.ts";
import { type Api, startApi } from "../sandbox/cluster/api.ts";
import { type Objects, objects, place } from "../sandbox/cluster/objects.ts";
import { beginToken, runTokenPods, takesServer } from "../sandbox/cluster/server-tokens.ts";
import { podState, tokenPod, turns } from "../stacks/cluster/server-token.ts";
import { clusterPki } from "./cluster-pki.ts";

const pki = await clusterPki("prod");
const { adminCertificate, adminKey } = pki;
const names = ["server-1", "server-2", "server-3"];

let api: Api;
let kept: Objects;
let fault: () => Said | undefined;
/** Whether kubelets do anything. */
let isRunning: boolean;
/** Pods in the order in which they were made. */
let pods: string[];
let said: string[];

const podsOf = () => kept.list({ ...place("", { kind: "Pod", namespace: "kube-system" }), name: undefined });
const secret = () => kept.get(place("k3s-stages-server-token", { kind: "Secret", namespace: "kube-system" }));
const stored = () =>
  Buffer.from((secret()?.["data"] as { token?: string } | undefined)?.token ?? "", "base64").toString();

function node(name: string, ready = "True", annotations: { readonly [key: string]: string } = {}): void {
  const labels = { "node-role.kubernetes.io/control-plane": "true" };
  const status = { conditions: [{ type: "Ready", status: ready }] };
  kept.put(place(name, { kind: "Node" }), { metadata: { labels, annotations }, status });
}

function kubelets(): void {
  for (const { metadata } of podsOf()) if (pods.at(-1) !== metadata.name) pods.push(metadata.name);
  if (isRunning) runTokenPods(kept);
}

beforeEach(async () => {
  [pods, said, isRunning, fault] = [[], [], true, () => undefined];
  kept = objects([], () => undefined);
  kept.put(place("kube-system", { kind: "Namespace" }), {});
  beginToken(kept, pki.serverToken);
  for (const name of names) node(name);
  const authorities = new Map(Object.entries(pki.serverFiles));
  const look = () => {
    kubelets();
    return fault();
  };
  api = await startApi({
    authorities,
    objects: kept,
    address: "127.0.0.1",
    port: 0,
    fault: look,
    installed: () => true,
  });
});
afterEach(() => api.close());

const inputs = (rotation: number, more: Properties = {}): Properties => ({
  ...{ cluster: "prod", rotation, born: 1, token: pki.serverToken, nodes: names, servers: [api.url] },
  ...{ caCertificate: pki.caCertificate, ...{ adminCertificate, adminKey }, ...more },
});

const request = (own: Properties, signal = new AbortController().signal): CreateRequest => ({
  ...{ urn: "urn", inputs: own, secrets: new Set(), preview: false, timeout: 60, signal },
  log: async (severity, message, how) => void (how?.passing || said.push(`${severity} ${message}`)),
});

/** For what never comes: seconds that are enough for all that comes before. */
const hasty = (own: Properties): CreateRequest => ({ ...request(own), timeout: 2 });

const resource = (env: { readonly [name: string]: string } = {}) => serverToken({ env, pause: 0.01 });
const tokenOf = ({ outputs }: { readonly outputs: Properties }) =>
  (outputs["token"] as { readonly value: string }).value;
const update = (own: Properties, old: Properties, preview = false): UpdateRequest => ({
  ...{ ...request(own), id: "prod", oldInputs: old, oldOutputs: { token: "OLD" }, preview },
});

const order = [
  ...["prepare-server-2", "prepare-server-3", "rotate-server-1"],
  ...["switch-server-2", "switch-server-3", "switch-server-1"],
].map((each) => `server-token-${each}`);

describe("another server token", () => {
  it("reaches all servers, prepared before the first is changed, and leaves neither pod nor Secret", async () => {
    const token = tokenOf(await resource().create(request(inputs(2))));
    expect(token).toMatch(/^K10[0-9a-f]{64}::server:[0-9a-f]{64}$/);
    expect([token.split("::")[0], token === pki.serverToken]).toEqual([pki.serverToken.split("::")[0], false]);
    expect(takesServer(kept, token)).toBe(true);
    expect([pods, podsOf(), secret()]).toEqual([order, [], undefined]);
    expect(said).toEqual(["2", "3", "1"].map((each) => `INFO server-${each} runs with the new server token`));
  });

  it("is one more each time that its rotation is raised, and none for anything else", async () => {
    const changed = inputs(2, { adminKey: "other", nodes: ["server-1"] });
    expect(tokenOf(await (resource().update?.(update(changed, inputs(2))) ?? Promise.reject()))).toBe("OLD");
    expect(pods).toEqual([]);
    const token = tokenOf(await (resource().update?.(update(inputs(3), inputs(2))) ?? Promise.reject()));
    expect(takesServer(kept, token)).toBe(true);
  });

  it("asks nobody in a preview, nor in a cluster that is born with it", async () => {
    fault = () => refusal(503, "nobody is to be asked");
    const preview = { ...request(inputs(2)), preview: true };
    expect(tokenOf(await resource().create(preview))).toBe(unknown);
    expect(tokenOf(await (resource().update?.(update(inputs(3), inputs(2), true)) ?? Promise.reject()))).toBe(unknown);
    const born = await resource().create(request(inputs(2, { born: 2, servers: ["https://127.0.0.1:1"] })));
    expect(tokenOf(born)).toBe(pki.serverToken);
  });

  it("goes on with the same token after a failure in the middle, whatever the state knows, and clears up (F83)", async () => {
    node("server-3", "True", { "sandbox/fails": "Error: ImagePullBackOff" });
    await expect(resource().create(request(inputs(2)))).rejects.toThrow(
      /^the server token on server-3: its pod failed \(Error: ImagePullBackOff\)\. `pulumi up` goes on from here\. More says kubectl/,
    );
    const chosen = stored();
    expect(takesServer(kept, pki.serverToken)).toBe(true);
    node("server-3");
    expect(tokenOf(await resource().create(request(inputs(2))))).toBe(chosen);
    expect([podsOf(), secret(), takesServer(kept, chosen)]).toEqual([[], undefined, true]);
    expect(pods.filter((each) => each === "server-token-prepare-server-3").length).toBeGreaterThan(0);
  });

  it("is refused while a server is not Ready, before anything is changed, and says what to do", async () => {
    node("server-2", "False");
    await expect(resource().create(hasty(inputs(2)))).rejects.toThrow(
      /^the servers of prod: server-2 not Ready, after \d+ s\. No server was told .* K3S_STAGES_SKIP_DRAIN=server-2 goes on without/,
    );
    expect([pods, secret()]).toEqual([[], undefined]);
  });

  it("goes on without a server that is given up by name, and warns of it", async () => {
    node("server-2", "False");
    const token = tokenOf(await resource({ K3S_STAGES_SKIP_DRAIN: "server-2" }).create(request(inputs(2))));
    expect(pods).toEqual(order.filter((each) => !each.endsWith("-2")));
    expect(takesServer(kept, token)).toBe(true);
    expect(said[0]).toBe("WARNING K3S_STAGES_SKIP_DRAIN: server-2 is not told of another server token; make it again");
  });

  it("is refused where all are given up, before anything is changed", async () => {
    const given = resource({ K3S_STAGES_SKIP_DRAIN: names.join(",") });
    await expect(given.create(request(inputs(2)))).rejects.toThrow(
      "no server is left that could be told of another token",
    );
    expect([pods, secret()]).toEqual([[], undefined]);
  });

  it("waits for an API that answers nothing for a while, and asks the other servers meanwhile", async () => {
    let left = 40;
    fault = () => (left-- > 0 && left % 3 > 0 ? refusal(503, "etcd has no leader") : undefined);
    const servers = ["https://127.0.0.1:1", api.url];
    expect(takesServer(kept, tokenOf(await resource().create(request(inputs(2, { servers })))))).toBe(true);
  });

  it("gives up where a pod never runs, in its words, and takes the place of what a killed run left (F83)", async () => {
    isRunning = false;
    await expect(resource().create(hasty(inputs(2)))).rejects.toThrow(
      /^the server token on server-2: its pod runs, after \d+ s\./,
    );
    expect(podsOf()).toHaveLength(1);
    isRunning = true;
    const uid = podsOf()[0]?.metadata["uid"];
    await resource().create(request(inputs(2)));
    expect([podsOf(), uid === undefined]).toEqual([[], false]);
  });

  it("says that it goes on later when it is cancelled", async () => {
    isRunning = false;
    const control = new AbortController();
    fault = () => {
      if (pods.length > 0) control.abort();
      return undefined;
    };
    await expect(resource().create(request(inputs(2), control.signal))).rejects.toThrow(
      /^cancelled while servers take another token; `pulumi up` goes on from here$/,
    );
  });
});

describe("its pod", () => {
  it("shows the token to nobody who reads its description, and comes on any node", () => {
    const [first] = turns(["server-1"]);
    const pod = tokenPod(first ?? { node: "", steps: [] }, "SCRIPT") as {
      spec: { nodeName: string; tolerations: object[] };
    };
    expect(pod.spec).toMatchObject({ nodeName: "server-1", tolerations: [{ operator: "Exists" }], hostPID: true });
    expect(JSON.stringify(pod)).not.toContain("K10");
  });

  it.each([
    [{ phase: "Succeeded" }, { kind: "done" }],
    [
      { phase: "Failed", reason: "DeadlineExceeded" },
      { kind: "failed", trouble: "DeadlineExceeded" },
    ],
    [
      {
        phase: "Pending",
        containerStatuses: [{ state: { waiting: { reason: "ErrImagePull", message: "no  such host" } } }],
      },
      { kind: "running", trouble: "ErrImagePull: no such host" },
    ],
    [
      {
        phase: "Running",
        containerStatuses: [
          {
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 1, message: "k3s does not answer on this server" } },
          },
        ],
      },
      { kind: "running", trouble: "k3s does not answer on this server" },
    ],
    [undefined, { kind: "running", trouble: "" }],
  ])("with %j is read as %j", (status, found) => {
    expect(podState({ metadata: {}, ...(status ? { status } : {}) })).toEqual(found);
  });
});
