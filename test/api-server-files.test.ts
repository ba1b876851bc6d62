import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseCloudConfig } from "../sandbox/node/cloud-config.ts";
import { apiServerFiles } from "../stacks/cluster/api-server.ts";
import { answers, buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";
import { planOf, userDataOf } from "./node-plan.ts";

const folder = join(tmpdir(), `api-server-${process.pid}`);
const oracle = join(folder, "api-server");

const { files } = parseCloudConfig(userDataOf(planOf("prod", "server-1")));
const kinds = ["authentication", "audit", "admission"] as const;
const textOf = (kind: (typeof kinds)[number]): string =>
  files.find(({ path }) => path === `/etc/rancher/k3s/${kind}.yaml`)?.content ?? "";

/** One of the files with a top-level key set anew, or left out. */
function altered(kind: (typeof kinds)[number], key: string, value?: unknown): string {
  const { [key]: _, ...rest } = apiServerFiles[`/etc/rancher/k3s/${kind}.yaml`] as { readonly [key: string]: unknown };
  return stringify(value === undefined ? rest : { ...rest, [key]: value });
}

interface Answer {
  readonly problem: string;
  readonly anonymous: readonly string[] | null;
}

async function ask(kind: string, text: string): Promise<Answer | undefined> {
  const [found] = await answers<Answer>(oracle, [{ kind, text }]);
  return found;
}

describeWithGo("the API server's own code reads the files of a server (F62; skipped where there is no Go)", () => {
  beforeAll(() => buildOracle({ binary: oracle, module: "api-server" }), buildTimeout);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(kinds)("%s without an objection", async (kind) => {
    expect(textOf(kind)).not.toBe("");
    expect(await ask(kind, textOf(kind))).toMatchObject({ problem: "" });
  });

  it("and lets anonymous requests reach the two paths of a health check, all of them without the block", async () => {
    expect(await ask("authentication", textOf("authentication"))).toMatchObject({ anonymous: ["/livez", "/readyz"] });
    expect(await ask("authentication", altered("authentication", "anonymous"))).toMatchObject({ anonymous: ["*"] });
  });

  it.each([
    ["authentication", "anonymus", { enabled: false }, /unknown field "anonymus"/],
    [
      "authentication",
      "anonymous",
      { enabled: false, conditions: [{ path: "/livez" }] },
      /enabled should be set to true/,
    ],
    ["audit", "rules", [{ level: "Everything" }], /Unsupported value: "Everything"/],
    ["audit", "rulez", [], /unknown field "rulez"/],
    ["admission", "plugins", [], /says nothing about PodSecurity/],
    [
      "admission",
      "plugins",
      [
        {
          name: "PodSecurity",
          configuration: {
            apiVersion: "pod-security.admission.config.k8s.io/v1",
            kind: "PodSecurityConfiguration",
            defaults: { enforce: "strict" },
          },
        },
      ],
      /defaults.enforce/,
    ],
  ] as const)("and would refuse %s with a wrong %s", async (...[kind, key, value, problem]) => {
    expect((await ask(kind, altered(kind, key, value)))?.problem).toMatch(problem);
  });
});
