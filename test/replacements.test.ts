import { afterAll, describe, expect, it } from "vitest";
import { nodes } from "../provider/lifecycle/nodes.ts";
import { serve } from "../provider/protocol.ts";
import type { Fleet, Known, Made, MadeNodes } from "../stacks/cluster/made.ts";
import { replacements as decide } from "../stacks/cluster/replacements.ts";
import { providerClient } from "./provider-client.ts";

const server = (made: Partial<Made> = {}): Made => ({
  role: "server",
  generation: 1,
  type: "cpx32",
  image: "ubuntu-24.04",
  place: "nbg1, 10.30.0.11 of 10.30.0.0/16, public",
  protect: false,
  userData: "a",
  ...made,
});
const agent = (made: Partial<Made> = {}): Made => ({ ...server(made), role: "agent" });
const three: MadeNodes = { "server-1": server(), "server-2": server(), "server-3": server(), "web-1": agent() };
const wanted = (nodes: MadeNodes, more: Partial<Fleet> = {}): Fleet => ({
  nodes,
  others: {},
  starts: "server-1",
  restores: undefined,
  serverToken: 1,
  k3s: "v1.36.3+k3s1",
  upgrades: true,
  reached: true,
  balanced: true,
  skipped: [],
  ...more,
});
const replacements = (old: MadeNodes, now: Fleet, k3s = "v1.36.3+k3s1") =>
  decide({ nodes: old, k3s, others: {}, serverToken: 1 }, now);
const raised = (...names: readonly string[]): MadeNodes =>
  Object.fromEntries(
    Object.entries(three).map(([name, made]) => [name, names.includes(name) ? { ...made, generation: 2 } : made]),
  );

const elsewhere = "fsn1, 10.30.0.11 of 10.30.0.0/16, public";

const unreached = { reached: false } as const;
const undrained = (name: string) => new RegExp(`^${name} would go as it is.*\n  kubectl drain ${name} `);

const allowed: readonly (readonly [string, MadeNodes, Fleet])[] = [
  ["a new cluster", {}, wanted(three)],
  ["nothing new", three, wanted(three)],
  ["one server", three, wanted(raised("server-2"))],
  [
    "the server that once started the cluster, which joins now",
    three,
    wanted(raised("server-1"), { starts: undefined }),
  ],
  ["one server and every agent", three, wanted(raised("server-2", "web-1"))],
  ["an agent", three, wanted(raised("web-1"))],
  [
    "an agent that is made again elsewhere",
    three,
    wanted({ ...three, "web-1": agent({ generation: 2, place: elsewhere }) }),
  ],
  ["a node of which no place is known", { ...three, "web-1": agent({ place: "" }) }, wanted(three)],
  ["two more servers", { "server-1": server() }, wanted(three)],
  [
    "the only server with a restore",
    { "a-1": server() },
    wanted({ "a-1": server({ generation: 2 }) }, { restores: "a-1" }),
  ],
  [
    "an agent that somebody took out of a cluster that is not reached",
    three,
    wanted(raised("web-1"), { ...unreached, skipped: ["web-1"] }),
  ],
  ["nothing new in a cluster that is not reached", three, wanted(three, unreached)],
  [
    "the only server with a restore, which nobody could drain anyway",
    { "a-1": server() },
    wanted({ "a-1": server({ generation: 2 }) }, { restores: "a-1", ...unreached }),
  ],
  [
    "two servers that go, with agents made again",
    three,
    wanted({ "server-1": server(), "web-1": agent({ generation: 2 }) }, { balanced: false }),
  ],
  ["two servers that go, with the load balancer kept", three, wanted({ "server-1": server(), "web-1": agent() })],
  ["a new cluster that begins with a snapshot", {}, wanted(raised("server-1"), { restores: "server-1" })],
];

const refused: readonly (readonly [string, MadeNodes, Fleet, RegExp])[] = [
  [
    "two servers that go with the load balancer at which agents reach the API",
    three,
    wanted({ "server-1": server(), "web-1": agent() }, { balanced: false }),
    /^web-1 reach the API at its load balancer, which goes with the second server: raise/,
  ],
  [
    "an agent that goes from a cluster that is not reached",
    three,
    wanted({ ...three, "web-1": agent({ generation: 2 }) }, unreached),
    undrained("web-1"),
  ],
  [
    "a server of a cluster that is not reached, which leaves etcd too",
    three,
    wanted(raised("server-2"), { ...unreached, skipped: ["web-1"] }),
    /^server-2 would go as it is, with its pods and its etcd member: [\s\S]* etcd\.k3s\.cattle\.io\/remove=true[\s\S]*\nthen K3S_STAGES_SKIP_DRAIN=server-2 pulumi up$/,
  ],
  [
    "a living node that moves",
    three,
    wanted({ ...three, "web-1": agent({ place: elsewhere }) }),
    /^web-1 lives in nbg1, .* and would be in fsn1, .*Put it back, or raise its line in generations \(the 1 of its pool\)/,
  ],
  [
    "two servers",
    three,
    wanted(raised("server-1", "server-3")),
    /^server-1 and server-3 would be replaced in one run, and etcd could lose its majority\. Raise one generation/,
  ],
  [
    "all servers",
    three,
    wanted(raised("server-1", "server-2", "server-3")),
    /^server-1, server-2 and server-3 would be replaced/,
  ],
  [
    "the only server",
    { "a-1": server() },
    wanted({ "a-1": server({ generation: 2 }) }),
    /^a-1 is the only server: .*cluster\.restore, or raise cluster\.servers\.count to 3 first$/,
  ],
  [
    "the only server while others come",
    { "server-1": server() },
    wanted(raised("server-1")),
    /server-1 would be replaced while server-2 and server-3 are added\. Do one of them/,
  ],
  [
    "a protected server",
    { ...three, "server-2": server({ protect: true }) },
    wanted(raised("server-2")),
    /^server-2 is protected against deletion\. Set cluster\.protect to false and run `pulumi up`, then raise/,
  ],
  [
    "protected servers that go in the edit that lifts their protection",
    { ...three, "server-2": server({ protect: true }), "server-3": server({ protect: true }) },
    wanted({ "server-1": server(), "web-1": agent() }),
    /^server-2 and server-3 are protected against deletion and would go\. Take the edit back, set .* then make the edit$/,
  ],
  [
    "a server while another goes",
    { ...three, "server-4": server(), "server-5": server() },
    wanted(raised("server-2")),
    /server-2 would be replaced while server-4 and server-5 are removed/,
  ],
  [
    "a generation that sinks",
    { ...three, "web-1": agent({ generation: 3 }) },
    wanted(three),
    /^web-1 would go from generation 3 to 1, .* to 3 to keep it, to 4 to replace it$/,
  ],
  [
    "a new cluster whose first server joins",
    {},
    wanted(raised("server-1"), { starts: undefined }),
    /^server-1 is to join a cluster, and the state has none/,
  ],
];

describe("in one run", () => {
  it.each(allowed)("may be made or replaced: %s", (_, old, now) => {
    expect(replacements(old, now).problems).toEqual([]);
  });

  it.each(refused)("may not be replaced: %s", (...[, old, now, reason]) => {
    const { problems } = replacements(old, now);
    expect(
      problems.some((problem) => reason.test(problem)),
      problems.join("\n"),
    ).toBe(true);
  });
});

describe("a gateway or a load balancer", () => {
  const known = (others: Known["others"]) => ({ nodes: three, k3s: "", others, serverToken: 1 });
  const [balancer, others] = ["load balancer shop-ingress", { "gateway shop-gateway": true }];

  it("that is protected may not go, also in the edit that lifts the protection", () => {
    const { problems } = decide(known({ ...others, [balancer]: true }), wanted(three, { others: {} }));
    expect(problems).toEqual([
      expect.stringMatching(/^gateway shop-gateway and load balancer shop-ingress are protected against deletion and/),
    ]);
  });

  it("goes where it was not, and stays where its protection is lifted", () => {
    expect(decide(known({ ...others, [balancer]: false }), wanted(three, { others })).problems).toEqual([]);
    const lifted = wanted(three, { others: { [balancer]: false } });
    expect(decide(known({ [balancer]: true }), lifted).problems).toEqual([]);
  });
});

describe("a living node", () => {
  const bigger = (generation = 1) => ({ ...three, "server-2": server({ type: "cpx42", generation }) });

  it("keeps the type that it was made as, and every run says so", () => {
    const first = replacements(three, wanted(bigger()));
    expect(first.notes).toEqual([
      expect.stringMatching(/^server-2 stays a cpx32: cpx42 is for new nodes\. Raise its line/),
    ]);
    expect(first.nodes).toEqual(three);
    expect(replacements(first.nodes, wanted(bigger())).notes).toEqual(first.notes);
  });

  it("takes the type with its next generation", () => {
    const { nodes: made, notes, problems } = replacements(three, wanted(bigger(2)));
    expect([made["server-2"]?.type, notes, problems]).toEqual(["cpx42", [], []]);
  });

  it("is told once that what a first boot does has changed", () => {
    const now = Object.fromEntries(Object.entries(three).map(([name, made]) => [name, { ...made, userData: "b" }]));
    const first = replacements(three, wanted(now));
    expect(first.notes).toEqual([expect.stringContaining("nothing happens to server-1, server-2, server-3 and web-1")]);
    expect(replacements(first.nodes, wanted(now)).notes).toEqual([]);
  });

  it("keeps its image, also where it is the only server, and every run says so in one sentence", () => {
    const on = (image: string, generation = 1): MadeNodes =>
      Object.fromEntries(
        Object.entries(three).map(([name, made]) => [
          name,
          name === "web-1" ? { ...made, image, generation } : { ...made, image },
        ]),
      );
    const first = replacements(three, wanted(on("debian-13")));
    expect(first).toEqual({
      problems: [],
      notes: [
        expect.stringMatching(/^ubuntu-24\.04 stays on server-1, server-2, server-3 and web-1: debian-13 is for new/),
      ],
      nodes: three,
    });
    const second = replacements(first.nodes, wanted(on("debian-13", 2)));
    expect(second.nodes["web-1"]?.image).toBe("debian-13");
    expect(second.notes).toEqual([expect.stringMatching(/^ubuntu-24\.04 stays on server-1, server-2 and server-3:/)]);
    const alone = replacements({ "a-1": server() }, wanted({ "a-1": server({ image: "debian-13" }) }));
    expect([alone.notes.length, alone.nodes["a-1"]?.image]).toEqual([1, "ubuntu-24.04"]);
  });

  it("of which an older state has no image is on the one of now, without a word", () => {
    const { notes, nodes: made } = replacements({ "a-1": server({ image: "" }) }, wanted({ "a-1": server() }));
    expect([notes, made["a-1"]?.image]).toEqual([[], "ubuntu-24.04"]);
  });

  it("is rescaled in place when it is the only server, which nothing else can do", () => {
    const now = wanted({ "a-1": server({ type: "cpx42" }) });
    expect(replacements({ "a-1": server() }, now)).toEqual({ problems: [], notes: [], nodes: now.nodes });
  });
});

describe("another k3s", () => {
  const problems = (from: string, to: string, nodes = three) =>
    replacements(three, wanted(nodes, { k3s: to }), from).problems;

  it.each([
    ["v1.36.3+k3s1", "v1.36.3+k3s2"],
    ["v1.36.3+k3s1", "v1.36.12+k3s1"],
    ["v1.35.9+k3s1", "v1.36.0+k3s1"],
    ["", "v1.36.0+k3s1"],
  ])("may follow %s: %s", (from, to) => expect(problems(from, to)).toEqual([]));

  it.each([
    [
      "v1.36.3+k3s2",
      "v1.36.3+k3s1",
      /^k3s would go back from v1\.36\.3\+k3s2 to v1\.36\.3\+k3s1, .* into pins\.json again/,
    ],
    ["v1.36.0+k3s1", "v1.35.9+k3s1", /^k3s would go back/],
    [
      "v1.34.1+k3s1",
      "v1.36.3+k3s1",
      /skip 1\.35, which Kubernetes does not do\. Put a release of 1\.35 into pins\.json/,
    ],
  ])("may not follow %s: %s (F81)", (from, to, reason) =>
    expect(problems(from, to)).toEqual([expect.stringMatching(reason)]),
  );

  it("is not given to an agent before the servers have it, while a server may be made with it (F81)", () => {
    const to = "v1.36.4+k3s1";
    expect(problems("v1.36.3+k3s1", to, raised("web-1"))).toEqual([
      expect.stringMatching(/^web-1 would be made with k3s v1\.36\.4\+k3s1 before the servers have it/),
    ]);
    expect(problems("v1.36.3+k3s1", to, raised("server-2"))).toEqual([]);
  });

  it("reaches no living node where upgrades are not set, which is said", () => {
    const now = wanted(three, { k3s: "v1.36.4+k3s1", upgrades: false });
    expect(replacements(three, now).notes).toEqual([
      expect.stringMatching(/for new nodes only: cluster\.upgrades is not set/),
    ]);
  });
});

describe("another token for servers", () => {
  const known = (serverToken: number): Known => ({ nodes: three, k3s: "v1.36.3+k3s1", others: {}, serverToken });
  const problems = (to: number, nodes = three, more: Partial<Fleet> = {}) =>
    decide(known(2), wanted(nodes, { serverToken: to, ...more })).problems;

  it("is told of, with what it means for snapshots", () => {
    const { problems: none, notes } = decide(known(2), wanted(three, { serverToken: 3 }));
    expect([none, notes]).toEqual([[], [expect.stringMatching(/^every server takes another token .* Snapshots from/)]]);
    expect(decide(known(2), wanted(three, { serverToken: 2 })).notes).toEqual([]);
    expect(decide({ ...known(1), nodes: {} }, wanted(three, { serverToken: 2 }))).toMatchObject({
      problems: [],
      notes: [],
    });
  });

  it.each([
    ["comes back no more", problems(1), /^the servers' token would go from rotation 2 to 1, and a rotation only rises/],
    [
      "with access: none",
      problems(3, three, unreached),
      /with access: none nobody here brings them another token\. Put/,
    ],
    [
      "beside a replacement",
      problems(3, raised("server-2")),
      /while server-2 comes or goes\. Put .* back to 2 for this run/,
    ],
    [
      "beside new servers",
      problems(3, { ...three, "server-4": server(), "server-5": server() }),
      /server-4, server-5 come or/,
    ],
    [
      "beside a restore",
      problems(3, raised("server-1"), { restores: "server-1" }),
      /^the snapshot is read with the token/,
    ],
  ])("is refused %s", (_, found, words) => expect(found).toEqual([expect.stringMatching(words)]));

  it("goes with an agent, and with a server that is given up by name", () => {
    expect(problems(3, raised("web-1"))).toEqual([]);
    expect(problems(3, raised("server-2"), { skipped: ["server-2"] })).toEqual([]);
    expect(problems(2, raised("server-2"))).toEqual([]);
  });
});

describe("gitops:index:Nodes over gRPC", async () => {
  const provider = { name: "gitops", version: "0.1.0", resources: { "gitops:index:Nodes": nodes({ env: {} }) } };
  const served = await serve(provider);
  const client = providerClient(served.port, "urn:pulumi:prod::project::gitops:index:Nodes::prod");
  afterAll(async () => {
    client.close();
    await served.close();
  });
  const inputs = (all: MadeNodes) => ({ cluster: "prod", nodes: all as never, starts: "server-1", restores: "" });

  it("refuses in check, with both names, before anything is changed", async () => {
    const { failures } = await client.check(inputs(raised("server-1", "server-2")), inputs(three));
    expect(failures.map(({ reason }) => reason).join()).toContain("server-1 and server-2 would be replaced in one run");
  });

  it("says with which rotation of the servers' token the cluster began, where there is another than the first", async () => {
    const now = { ...inputs(three), serverToken: 2 };
    const born = async (olds?: object) => {
      const { inputs: checked } = await client.check(now, olds as never);
      return [checked["born"], (await client.create(checked)).outputs["born"]];
    };
    expect(await born()).toEqual([2, 2]);
    expect(await born(inputs(three))).toEqual([1, 1]);
    expect(await born({ ...now, born: 2 })).toEqual([2, 2]);
    expect((await client.create(inputs(three))).outputs).toEqual({});
  });

  it("keeps what living nodes were made as, so that no difference is invented", async () => {
    const now = { ...three, "web-1": agent({ type: "cpx42" }) };
    const { inputs: checked, failures } = await client.check(inputs(now), inputs(three));
    expect(failures).toEqual([]);
    expect(await client.diff("prod", inputs(three), checked)).toMatchObject({ changes: {} });
  });
});
