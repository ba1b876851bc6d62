import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { K3sCluster } from "../stacks/cluster/k3s-cluster.ts";
import { material, pins, planOf, stageOf, userDataOf } from "./node-plan.ts";
import { privately } from "./plans.ts";
import type { Edits } from "./sources.ts";

interface Child {
  readonly type: string;
  readonly name: string;
  readonly inputs: { readonly [key: string]: unknown };
  readonly dependsOn: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replacement: readonly unknown[];
  readonly protect: boolean;
}

interface Built {
  readonly children: readonly Child[];
  readonly outputs: { readonly [name: string]: unknown };
  /** Of each node, where it has an API of its own that is reached as the cluster's is. */
  readonly apis: readonly (string | undefined)[];
  /** Is every node's user data a secret? */
  readonly secret: readonly boolean[];
}

const inputs = new Map<string, Child["inputs"]>();

/** Stands for the engine and Hetzner: gives every resource a number and every server addresses, and makes nothing. */
const mocks: pulumi.runtime.Mocks = {
  call: () => ({}),
  newResource: ({ type, name, inputs: given }) => {
    inputs.set(`${type} ${name}`, given);
    const id = String(inputs.size);
    const last = /-server-([0-9]+)$/.exec(name)?.[1] ?? "99";
    const own: { readonly [type: string]: object } = {
      "hcloud:index/server:Server": { ipv6Address: `2001:db8::${last}` },
      "hcloud:index/primaryIp:PrimaryIp": { ipAddress: `198.51.100.${last}` },
      "hcloud:index/loadBalancer:LoadBalancer": { ipv4: name.endsWith("api") ? "198.51.100.201" : "198.51.100.202" },
    };
    return { id, state: { ...given, ...own[type] } };
  },
};

const settled = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

/** The component's children at Hetzner in the order in which they were declared. */
async function build(stageName: string, edits: Edits = {}): Promise<Built> {
  inputs.clear();
  const declared: { readonly args: pulumi.ResourceTransformationArgs; readonly resource: pulumi.Resource }[] = [];
  const record = (args: pulumi.ResourceTransformationArgs): undefined => {
    declared.push({ args, resource: args.resource });
  };
  const secrets = { ...material, serverToken: pulumi.secret(material.serverToken) };
  const admin = { caCertificate: "CA", adminCertificate: "ADMIN", adminKey: "KEY" };
  const target = new K3sCluster(
    "cluster",
    { ...stageOf(stageName, edits), pins, secrets, admin },
    { transformations: [record] },
  );
  const { nodes, endpoint, ingressAddress, members } = target;
  const outputs = await settled(pulumi.output({ nodes, endpoint, ingressAddress }));
  const apis = await settled(pulumi.all(members.map(({ api }) => api)));
  await pulumi.runtime.disconnect();
  const children = declared.filter(({ args }) => args.type.startsWith("hcloud:"));
  const nameOf = (resource: pulumi.Resource) => declared.find((each) => each.resource === resource)?.args.name ?? "?";
  const servers = children.filter(({ args }) => args.type === "hcloud:index/server:Server");
  return {
    outputs,
    apis,
    secret: await Promise.all(servers.map(({ args }) => pulumi.isSecret(args.props["userData"]))),
    children: children.map(({ args: { type, name, opts } }) => ({
      type: type.replace(/.*:/, ""),
      name,
      inputs: inputs.get(`${type} ${name}`) ?? {},
      dependsOn: [opts.dependsOn ?? []].flat().map((each) => nameOf(each as pulumi.Resource)),
      ignoreChanges: opts.ignoreChanges ?? [],
      replacement: [opts.replacementTrigger, (opts as pulumi.CustomResourceOptions).deleteBeforeReplace],
      protect: opts.protect ?? false,
    })),
  };
}

let dev: Built;
let prod: Built;
let hidden: Built;
let closed: Built;
let balanced: Built;
beforeAll(async () => {
  await pulumi.runtime.setMocks(mocks, "k3s-stages", "test", false);
  dev = await build("dev");
  prod = await build("prod");
  hidden = await build("prod", { "Pulumi.prod.yaml": privately });
  closed = await build("prod", { "Pulumi.prod.yaml": { "cluster.api.allow": [] } });
  const api = { allow: ["everyone"], via: "load-balancer" };
  balanced = await build("prod", { "Pulumi.prod.yaml": { "cluster.api": api } });
});

const of = ({ children }: Built, type: string) => children.filter((each) => each.type === type);
const named = ({ children }: Built) => children.map(({ type, name }) => `${type} ${name}`);

describe("a cluster of one server", () => {
  it("is a network, a firewall, a placement group, an address and the server", () => {
    expect(named(dev)).toEqual([
      "Network k3s-stages-dev",
      "NetworkSubnet k3s-stages-dev-server",
      "Firewall k3s-stages-dev",
      "PlacementGroup k3s-stages-dev-server-spread-1",
      "PrimaryIp k3s-stages-dev-server-1",
      "Server k3s-stages-dev-server-1",
    ]);
  });
});

describe("a cluster of three servers and a pool", () => {
  it("has a subnet and a placement group per pool, an address per node, and a load balancer with the servers behind it", () => {
    expect(named(prod)).toEqual([
      "Network k3s-stages-prod",
      "NetworkSubnet k3s-stages-prod-server",
      "NetworkSubnet k3s-stages-prod-web",
      "Firewall k3s-stages-prod",
      "PlacementGroup k3s-stages-prod-server-spread-1",
      "PlacementGroup k3s-stages-prod-web-spread-1",
      "PrimaryIp k3s-stages-prod-server-1",
      "PrimaryIp k3s-stages-prod-server-2",
      "PrimaryIp k3s-stages-prod-server-3",
      "PrimaryIp k3s-stages-prod-web-1",
      "PrimaryIp k3s-stages-prod-web-2",
      "LoadBalancer k3s-stages-prod-api",
      "LoadBalancerNetwork k3s-stages-prod-api",
      "LoadBalancerService k3s-stages-prod-api",
      "Server k3s-stages-prod-server-1",
      "Server k3s-stages-prod-server-2",
      "Server k3s-stages-prod-server-3",
      "Server k3s-stages-prod-web-1",
      "Server k3s-stages-prod-web-2",
      "LoadBalancerTarget k3s-stages-prod-server-1",
      "LoadBalancerTarget k3s-stages-prod-server-2",
      "LoadBalancerTarget k3s-stages-prod-server-3",
    ]);
  });

  it("keeps the load balancer's API off the internet", () => {
    expect(of(prod, "LoadBalancerNetwork")[0]?.inputs).toMatchObject({
      enablePublicInterface: false,
      ip: "10.30.0.10",
    });
    expect(of(prod, "LoadBalancerService")[0]?.inputs).toMatchObject({
      protocol: "tcp",
      listenPort: 6443,
      destinationPort: 6443,
    });
    for (const { inputs: target } of of(prod, "LoadBalancerTarget"))
      expect(target).toMatchObject({ usePrivateIp: true });
  });

  it("asks the API over TLS whether it is ready, and takes no other answer for yes", () => {
    expect(of(prod, "LoadBalancerService")[0]?.inputs["healthCheck"]).toEqual({
      ...{ protocol: "http", port: 6443, interval: 5, timeout: 3, retries: 3 },
      http: { path: "/readyz", tls: true, statusCodes: ["200"] },
    });
  });

  it("adds a target once the load balancer is in the network and the server exists", () => {
    expect(of(prod, "LoadBalancerTarget").map(({ dependsOn }) => dependsOn)).toEqual([
      ["k3s-stages-prod-api", "k3s-stages-prod-server-1"],
      ["k3s-stages-prod-api", "k3s-stages-prod-server-2"],
      ["k3s-stages-prod-api", "k3s-stages-prod-server-3"],
    ]);
  });

  it("makes all machines at once, as soon as there are subnets and they are allowed: who joins waits by itself", () => {
    const before = ["k3s-stages-prod-server", "k3s-stages-prod-web", "k3s-stages-prod"];
    expect(of(prod, "Server").map(({ dependsOn }) => dependsOn)).toEqual(Array(5).fill(before));
  });

  it("adds one subnet after the other, because a network refuses two changes at a time (F25)", () => {
    expect(of(prod, "NetworkSubnet").map(({ dependsOn }) => dependsOn)).toEqual([[], ["k3s-stages-prod-server"]]);
  });
});

describe("every server", () => {
  it("is given its place, type, fixed address, firewall and group", () => {
    const { userData: _, ...given } = of(dev, "Server")[0]?.inputs ?? {};
    expect(given).toEqual({
      name: "k3s-stages-dev-server-1",
      serverType: "cpx22",
      image: "ubuntu-24.04",
      location: "nbg1",
      labels: expect.objectContaining({ role: "server", pool: "server" }),
      firewallIds: [expect.any(Number)],
      networks: [{ networkId: expect.any(Number), ip: "10.10.0.11", aliasIps: [] }],
      publicNets: [{ ipv4: expect.any(Number), ipv4Enabled: true, ipv6Enabled: true }],
      placementGroupId: expect.any(Number),
      deleteProtection: false,
      rebuildProtection: false,
    });
  });

  it("has an IPv4 address of its own that does not go with it", () => {
    for (const { inputs: given } of of(prod, "PrimaryIp"))
      expect(given).toMatchObject({ type: "ipv4", location: "nbg1", autoDelete: false });
    const given = of(prod, "Server").map(({ inputs: { publicNets } }) => (publicNets as { ipv4: number }[])[0]?.ipv4);
    expect(new Set(given).size).toBe(5);
  });

  it("has the user data of its own plan, as a secret", () => {
    for (const { name, inputs: given } of of(prod, "Server")) {
      const plan = planOf("prod", name.replace("k3s-stages-prod-", ""));
      const value = userDataOf({ ...plan, apiAddress: "198.51.100.1" });
      expect(given["userData"]).toMatchObject({ value }); // beside it: Pulumi's mark of a secret
    }
    expect([...dev.secret, ...prod.secret]).toEqual(Array(6).fill(true));
  });

  it("stays when what mattered at its first boot changes", () => {
    const firstBoot = ["userData", "image", "sshKeys", "publicNets", "placementGroupId"];
    expect(of(dev, "Server").map(({ ignoreChanges }) => ignoreChanges)).toEqual([firstBoot]);
    for (const { ignoreChanges } of of(prod, "Server")) expect(ignoreChanges).toEqual([...firstBoot, "serverType"]);
  });

  it("is made again when its generation is raised, after the old one is gone", () => {
    for (const { replacement } of [...of(dev, "Server"), ...of(prod, "Server")]) expect(replacement).toEqual([1, true]);
  });
});

describe("the whole cluster", () => {
  it("opens no SSH", () => {
    for (const built of [dev, prod]) {
      const rules = of(built, "Firewall")[0]?.inputs["rules"] as readonly { readonly port?: string }[];
      expect(rules.map(({ port }) => port)).toEqual(["80", "443", "6443", undefined]);
    }
  });

  it("has labels on everything that can carry them", () => {
    const bare = ["NetworkSubnet", "LoadBalancerNetwork", "LoadBalancerService", "LoadBalancerTarget"];
    const labelled = [...dev.children, ...prod.children].filter(({ type }) => !bare.includes(type));
    for (const { inputs: given } of labelled)
      expect(given["labels"]).toMatchObject({ "managed-by": "k3s-stages", cluster: expect.any(String) });
  });

  it("names everything at Hetzner, so that nothing gets a random suffix", () => {
    const unnamed = ["NetworkSubnet", "LoadBalancerNetwork", "LoadBalancerService", "LoadBalancerTarget"];
    for (const { type, name, inputs: given } of prod.children)
      if (!unnamed.includes(type)) expect(given["name"]).toBe(name);
  });

  it("is reached at its first server", () => {
    expect(prod.outputs).toEqual({
      endpoint: "https://198.51.100.1:6443",
      ingressAddress: "198.51.100.1",
      nodes: expect.objectContaining({
        "k3s-stages-prod-server-2": { private: "10.30.0.12", ipv4: "198.51.100.2", ipv6: "2001:db8::2" },
      }),
    });
  });
});

describe("the servers' own APIs", () => {
  const none = Array(2).fill(undefined);

  it("are reached at the public addresses, where the firewall lets somebody to them", () => {
    expect(prod.apis).toEqual([...[1, 2, 3].map((number) => `https://198.51.100.${number}:6443`), ...none]);
  });

  it("are reached in the private network alone where nobody from the internet is let in, and the cluster's is there too", () => {
    expect(closed.outputs).toMatchObject({ endpoint: "https://10.30.0.11:6443", ingressAddress: "198.51.100.1" });
    expect(closed.apis).toEqual([...[11, 12, 13].map((number) => `https://10.30.0.${number}:6443`), ...none]);
  });

  it("are reached by the load balancer alone where that is the cluster's", () => {
    expect(balanced.outputs["endpoint"]).toBe("https://198.51.100.201:6443");
    expect(balanced.apis).toEqual([undefined, undefined, undefined, ...none]);
  });
});

describe("a protected cluster without public addresses", () => {
  const inputsOf = (type: string, name: string) => of(hidden, type).find((each) => each.name === name)?.inputs;
  const gateway = "k3s-stages-prod-gateway";

  it("has one machine on the internet, which translates and takes no connection", () => {
    expect(of(hidden, "PrimaryIp").map(({ name }) => name)).toEqual([gateway]);
    const rules = inputsOf("Firewall", gateway)?.["rules"] as readonly { readonly protocol: string }[];
    expect(rules.map(({ protocol }) => protocol)).toEqual(["icmp"]);
    expect(inputsOf("NetworkRoute", gateway)).toMatchObject({ destination: "0.0.0.0/0", gateway: "10.30.0.9" });
    expect(inputsOf("Server", gateway)?.["userData"]).toContain("/usr/local/lib/k3s-stages/gateway 10.30.0.0/16");
  });

  it("gives its nodes neither an address nor a firewall, and makes them once there is a way out", () => {
    for (const { name, inputs: given, dependsOn } of of(hidden, "Server")) {
      if (name === gateway) continue;
      expect(given["publicNets"]).toEqual([{ ipv4Enabled: false, ipv6Enabled: false }]);
      expect(given).not.toHaveProperty("firewallIds");
      expect(dependsOn).toContain(gateway);
    }
  });

  it("is reached at its load balancers, which are there before any machine", () => {
    expect(hidden.outputs).toMatchObject({
      endpoint: "https://198.51.100.201:6443",
      ingressAddress: "198.51.100.202",
      nodes: { "k3s-stages-prod-server-1": { private: "10.30.0.11", ipv4: "", ipv6: "" } },
    });
    const kinds = hidden.children.map(({ type }) => type);
    expect(kinds.lastIndexOf("LoadBalancer")).toBeLessThan(kinds.indexOf("Server"));
    expect(of(hidden, "LoadBalancerNetwork").map(({ inputs: given }) => given["enablePublicInterface"])).toEqual([
      true,
      true,
    ]);
  });

  it("takes the apps' ports to every node, and asks for a connection only, since an app may answer anything", () => {
    const ports = of(hidden, "LoadBalancerService").map(({ inputs: given }) => [
      given["listenPort"],
      (given["healthCheck"] as { readonly protocol: string }).protocol,
    ]);
    expect(ports).toEqual([
      [6443, "http"],
      [80, "tcp"],
      [443, "tcp"],
    ]);
    const behind = of(hidden, "LoadBalancerTarget").map(({ name }) => name);
    expect(behind.filter((name) => name.endsWith("-ingress"))).toHaveLength(5);
  });

  it("is protected at Hetzner where Pulumi protects it, and agents are in neither", () => {
    const kept = (children: readonly Child[]) => children.map(({ type, name }) => `${type} ${name}`).toSorted();
    const atHetzner = hidden.children.filter(({ inputs: given }) => given["deleteProtection"] === true);
    expect(kept(hidden.children.filter(({ protect }) => protect))).toEqual(kept(atHetzner));
    expect(kept(atHetzner)).toEqual([
      "LoadBalancer k3s-stages-prod-api",
      "LoadBalancer k3s-stages-prod-ingress",
      "Network k3s-stages-prod",
      "PrimaryIp k3s-stages-prod-gateway",
      "Server k3s-stages-prod-gateway",
      "Server k3s-stages-prod-server-1",
      "Server k3s-stages-prod-server-2",
      "Server k3s-stages-prod-server-3",
    ]);
    expect(prod.children.filter(({ protect }) => protect)).toEqual([]);
  });
});
