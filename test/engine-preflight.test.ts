/** What Hetzner has and asks for it, on the real engine: refused before anything is created, and never a reason for a write. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { said } from "../sandbox/process/execute.ts";
import { dummyToken } from "../sandbox/services.ts";
import { initStack } from "../sandbox/stage.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, expectWords, minute } from "./engine-words.ts";
import { goneEndpoint } from "./hetzner-client.ts";

const server = "k3s-stages-dev-server-1";
let sandbox: EngineSandbox;

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
}, 10 * minute);

afterAll(() => sandbox?.remove());

const pulumi = (...args: readonly string[]) => sandbox.pulumi([...args, "--stack", "dev"]);
const preview = () => pulumi("preview");
const up = () => pulumi("up", "--yes", "--skip-preview");
const faults = () => sandbox.services.hetzner.faults;
const journal = () => sandbox.services.hetzner.journal;
const servers = () => sandbox.services.hetzner.state.servers();

async function post(path: string, body: object): Promise<{ readonly server: { readonly id: number } }> {
  const headers = { authorization: `Bearer ${dummyToken}` };
  const answer = await fetch(`${sandbox.services.hetzner.url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return answer.json() as Promise<{ readonly server: { readonly id: number } }>;
}

describe("before anything is created", { timeout: 5 * minute }, () => {
  it("a preview shows the price of a month, a line per kind", async () => {
    const run = await preview();
    expectDone(run);
    expect(run.stdout).toMatch(
      /dev, a month at Hetzner +count +EUR net +with VAT +change\n.*server cpx22 +nbg1 +0 to 1 +19\.99/,
    );
    expect(run.stdout).toContain("not checked at Hetzner: the project's limits");
  });

  it("F13 a type that is sold out is refused by the preview and by an up that skips it", async () => {
    faults().capacity("nbg1", "cpx22", 0);
    const runs = [await preview(), await up()];
    faults().capacity("nbg1", "cpx22", 10);
    for (const run of runs)
      expectWords(run, "cluster.servers.type: cpx22 cannot be ordered at nbg1 now; there can be had instead: cpx32");
    expect(journal().writes()).toEqual([]);
  });

  it("F14 a type past its last day is refused", async () => {
    faults().withdraw("nbg1", "cpx22", "2026-01-31T00:00:00Z");
    const run = await up();
    faults().withdraw("nbg1", "cpx22", "2999-01-31T00:00:00Z");
    expectWords(run, "cpx22 was withdrawn at nbg1 on 2026-01-31; there can be had instead: cpx32");
    expect(journal().writes()).toEqual([]);
  });

  it("F11 a token of 63 characters is refused without being shown", async () => {
    const token = dummyToken.slice(1);
    await pulumi("config", "set", "--secret", "hcloud:token", token);
    const run = await preview();
    await pulumi("config", "set", "--secret", "hcloud:token", dummyToken);
    expectWords(run, "hcloud:token", "it has 63 characters, and Hetzner's tokens have 64");
    expect(said(run)).not.toContain(token);
  });

  it("F17 a name that somebody else's server has is refused by the preview, with its id and labels", async () => {
    const { server: other } = await post("/servers", {
      name: server,
      server_type: "cpx22",
      image: "ubuntu-24.04",
      labels: { team: "web" },
    });
    journal().clear();
    expectWords(
      await preview(),
      `the name ${server} is taken by server ${other.id} (labels: team=web), which is not this stage's`,
    );
    expect(journal().writes()).toEqual([]);
  });

  it("F17 and by an up that skips the preview once Hetzner refuses; the server stays as it is", async () => {
    const [before] = servers();
    expectWords(
      await up(),
      `is taken by server ${before?.id} (labels: team=web), which is not this stage's by its labels`,
    );
    expect(servers()).toEqual([before]);
    await fetch(`${sandbox.services.hetzner.url}/servers/${before?.id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${dummyToken}` },
    });
  });
});

describe("when Hetzner's answer to a creation is lost", { timeout: 5 * minute }, () => {
  it("F42 a refused value is named, and when no field is named the way out is there all the same", async () => {
    const refusal = { code: "invalid_input", message: "invalid input in field 'name'" };
    faults().failNext("POST /servers", { ...refusal, details: { fields: [{ name: "name", messages: ["is odd"] }] } });
    expectWords(await up(), "name => [is odd]", "Hetzner refuses a value");
    faults().failNext("POST /servers", refusal);
    expectWords(await up(), "invalid input in field 'name'", "Hetzner refuses a value");
  });

  it("F43 a full limit of addresses is named, with the way out", async () => {
    faults().quota("primary_ips", 0);
    const run = await up();
    faults().quota("primary_ips", 10);
    expectWords(run, "Primary IP limit exceeded", "Ask for a higher one in the Hetzner console (Limits)");
  });

  it("F44 a token that is revoked meanwhile stops the run, and a new one goes on", async () => {
    // Between the check, which asks nine times, and the first write.
    faults().revoke(9);
    const run = await up();
    faults().revoke(Number.POSITIVE_INFINITY);
    expectWords(run, "unable to authenticate", "Set a valid one: pulumi config set --secret hcloud:token");
    expect(servers()).toEqual([]);
  });

  it("F19 the twin that it left is named with the command that takes it over, and none is made beside it", async () => {
    faults().failAfter("POST /servers", { code: "bad_gateway", message: "bad gateway" });
    const run = await up();
    const [twin, ...more] = servers();
    expect(more).toEqual([]);
    expectWords(
      run,
      `the name ${server} is taken by server ${twin?.id}`,
      "it is this stage's by its labels, but not in the state",
    );
    const command = /`pulumi (import [^`]+)`/.exec(said(run))?.[1] ?? "";
    const args = command.split(" ").map((arg) => arg.replaceAll("'", ""));
    const shown = await preview();
    expect(said(shown)).toContain(`\`pulumi ${command}\``);
    const taken = await sandbox.pulumi([...args, "--yes"]);
    expectDone(taken);
    const after = await up();
    expectDone(after);
    expect(servers().map(({ id }) => id)).toEqual([twin?.id]);
    const last = await pulumi("preview", "--expect-no-changes");
    expectDone(last);
    expect(last.stdout).toContain("dev costs 20.49 EUR (24.38 with VAT) a month at Hetzner, as now");
  });
});

describe("when Hetzner cannot be reached", { timeout: 5 * minute }, () => {
  it("F45 a preview works and says what it could not check, and an up that has to create ends with the hint", async () => {
    await pulumi("config", "set", "hcloud:endpoint", goneEndpoint);
    const shown = await preview();
    sandbox.edit("dev", ["cluster", "pools"], { web: { count: 1, type: "cpx22", subnet: "10.10.1.0/24" } });
    const run = await up();
    await pulumi("config", "rm", "hcloud:endpoint");
    expectDone(shown);
    expect(shown.stdout).toMatch(
      /not checked at Hetzner: server types, .*127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/s,
    );
    expectWords(run, "status.hetzner.com");
  });

  it("F45 midway it goes on when Hetzner is back", async () => {
    faults().failNext("POST /servers", { code: "unavailable", message: "down", status: 503 });
    expectWords(await up(), "Hetzner's API does not work now", "status.hetzner.com");
    const run = await up();
    expectDone(run);
    expect(
      servers()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([server, "k3s-stages-dev-web-1"]);
  });
});

describe("another state than the stage was made with", { timeout: 5 * minute }, () => {
  it("is refused while the stage lives, in a preview and without one; nothing is made and no key is registered", async () => {
    const { backend } = sandbox.layout;
    const keys = sandbox.services.github.keys();
    renameSync(backend, `${backend}-of-the-stage`);
    mkdirSync(backend);
    await initStack(sandbox, "dev");
    journal().clear();
    const runs = [await preview(), await up()];
    rmSync(backend, { recursive: true });
    renameSync(`${backend}-of-the-stage`, backend);
    for (const run of runs)
      expectWords(
        run,
        `dev lives at Hetzner (${server}, k3s-stages-dev-web-1), and this state has none of its keys`,
        "log in where the stage's is, or import an export of it",
      );
    expect(journal().writes()).toEqual([]);
    expect(sandbox.services.github.keys()).toEqual(keys);
  });
});
