/** Another server token on servers that live, under faults and power cuts. k3s and systemd are stand-ins (test/fake-server.sh). */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { parse } from "yaml";
import { k3sConfig } from "../stacks/cluster/k3s-config.ts";
import { script } from "../stacks/cluster/node-files.ts";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import { yamlText } from "../stacks/yaml/write.ts";
import { suite } from "./fake-nodes.ts";
import { material, planOf } from "./node-plan.ts";

const commands = join(import.meta.dirname, "fake-server.sh");
const text = script(nodeScripts(), "server-token.sh");
const [old, next] = [material.serverToken, material.serverToken.replace(/[0-9a-f]{64}$/, "ab".repeat(32))];

/** Every fourth cut; all of them by EVERY_CUT=1, which takes a minute. */
const stride = process.env["EVERY_CUT"] ? 1 : 4;

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** Servers that share an etcd; each is a folder for its root. */
class Servers {
  readonly folder = mkdtempSync(join(tmpdir(), "servers-"));
  readonly etcd = join(this.folder, "etcd");

  constructor(names: readonly string[]) {
    made.push(this.folder);
    mkdirSync(join(this.folder, "commands"));
    for (const name of ["systemctl", "k3s", "journalctl", "sleep", "sync"])
      symlinkSync(commands, join(this.folder, "commands", name));
    writeFileSync(this.etcd, `${old}\n`);
    for (const name of names) this.#make(name);
  }

  #make(name: string): void {
    const config = this.path(name, "root/etc/rancher/k3s/config.yaml");
    for (const each of [
      "root/etc/rancher/k3s",
      "root/etc/systemd/system",
      "root/var/lib/rancher/k3s/server/cred",
      "world",
    ])
      mkdirSync(this.path(name, each), { recursive: true });
    writeFileSync(config, yamlText(k3sConfig(planOf("prod", name))));
    chmodSync(config, 0o600);
    this.boot(name);
  }

  path = (name: string, path: string): string => join(this.folder, name, path);

  #env(name: string) {
    return {
      ...process.env,
      PATH: `${join(this.folder, "commands")}:${process.env["PATH"]}`,
      WORLD: this.path(name, "world"),
      ETCD: this.etcd,
      K3S_STAGES_ROOT: this.path(name, "root"),
    };
  }

  /** Switches the machine on: systemd starts k3s. */
  boot(name: string): void {
    spawnSync(commands, ["boot"], { env: this.#env(name) });
  }

  /** As the pod runs it. */
  run(name: string, ...steps: readonly string[]) {
    writeFileSync(this.path(name, "world/calls"), "");
    const begin = 'echo $$ >"$WORLD/pid"; exec bash -c "$0" server-token "$@"';
    const args = ["120", "bash", "-c", begin, text, ...steps];
    const { status, stdout, stderr } = spawnSync("timeout", args, {
      env: this.#env(name),
      encoding: "utf8",
      input: next,
    });
    return { code: status, output: stdout + stderr };
  }

  get(name: string, file: string): string {
    const path = this.path(name, `world/${file}`);
    return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  }

  set(name: string, file: string, value: string | number): void {
    writeFileSync(this.path(name, `world/${file}`), `${value}\n`);
  }

  config = (name: string) => parse(readFileSync(this.path(name, "root/etc/rancher/k3s/config.yaml"), "utf8"));

  /** What a server is left as: what it runs with, what it is told, and whether anything of the rotation remains. */
  left(name: string) {
    const remains = ["root/var/lib/k3s-stages/server-token", "root/etc/systemd/system/k3s.service.d", "world/loaded"];
    return {
      running: this.get(name, "running"),
      config: this.config(name).token,
      remains: remains.filter((each) => existsSync(this.path(name, each))),
    };
  }
}

const done = { running: next, config: next, remains: [] };
const one = () => new Servers(["server-1"]);

/** All that is done for one server. */
function all(servers: Servers, name = "server-1") {
  const first = servers.run(name, "prepare", "rotate");
  return first.code === 0 ? servers.run(name, "switch") : first;
}

suite("another token for a server that lives", () => {
  it("is in etcd, in its configuration and in use afterwards, and nothing else of it is left (F83)", () => {
    const servers = one();
    const before = servers.config("server-1");
    const run = all(servers);
    expect(run.code, run.output).toBe(0);
    expect(servers.left("server-1")).toEqual(done);
    expect(servers.config("server-1")).toEqual({ ...before, token: next });
    expect(statSync(servers.path("server-1", "root/etc/rancher/k3s/config.yaml")).mode & 0o777).toBe(0o600);
    expect(readFileSync(servers.etcd, "utf8").trim()).toBe(next);
    expect(servers.get("server-1", "restarts")).toBe(next);
  });

  it("changes and restarts nothing in a second run (F83)", () => {
    const servers = one();
    all(servers);
    const { mtimeMs } = statSync(servers.path("server-1", "root/etc/rancher/k3s/config.yaml"));
    expect([servers.run("server-1", "prepare", "rotate").code, servers.run("server-1", "switch").code]).toEqual([0, 0]);
    expect(servers.get("server-1", "restarts").split("\n")).toHaveLength(1);
    expect(statSync(servers.path("server-1", "root/etc/rancher/k3s/config.yaml")).mtimeMs).toBe(mtimeMs);
  });

  it("is in no argument of a program but k3s' own, which hides it, and in no word that is printed", () => {
    const servers = one();
    const calls: string[] = [];
    const outputs = [["prepare"], ["rotate"], ["switch"]].map((steps) => {
      const { output } = servers.run("server-1", ...steps);
      calls.push(servers.get("server-1", "calls"));
      return output;
    });
    const carrying = calls
      .join("\n")
      .split("\n")
      .filter((call) => call.includes("ab".repeat(32)) || call.includes(old));
    expect(carrying).toEqual([`k3s token rotate --new-token ${"ab".repeat(32)}`]);
    expect(outputs.join("")).toBe("");
  });

  it("reaches three of them one after the other; each comes up whenever it is started between two steps (F83)", () => {
    const names = ["server-2", "server-3", "server-1"];
    const servers = new Servers(names);
    const restartAll = () => {
      for (const name of names) {
        servers.boot(name);
        expect(["", old, next].indexOf(servers.get(name, "running"))).toBeGreaterThan(0);
      }
    };
    for (const name of names) {
      expect(servers.run(name, "prepare").code).toBe(0);
      if (names.every((each) => existsSync(servers.path(each, "root/var/lib/k3s-stages/server-token")))) restartAll();
    }
    expect(servers.run("server-1", "rotate").code).toBe(0);
    for (const name of names) {
      restartAll();
      const run = servers.run(name, "switch");
      expect(run.code, run.output).toBe(0);
    }
    expect(names.map((name) => servers.left(name))).toEqual([done, done, done]);
    restartAll();
  });

  /** What is left after a cut, the machine's next start and all of it once more. */
  function recovered(servers: Servers, cut: string) {
    for (const file of ["cut", "cut-in-rotate"]) rmSync(servers.path("server-1", `world/${file}`), { force: true });
    servers.boot("server-1");
    expect([old, next], cut).toContain(servers.get("server-1", "running"));
    const again = all(servers);
    expect(again.code, `${cut}: ${again.output}`).toBe(0);
    expect(servers.left("server-1"), cut).toEqual(done);
  }

  it.each([
    ["the first part", [], ["prepare", "rotate"]],
    ["the second part", ["prepare", "rotate"], ["switch"]],
  ])("gets there after a power cut at any call of %s, and the machine comes up by itself (F83)", (_, before, steps) => {
    for (let call = 1; call < 50; call += stride) {
      const servers = one();
      if (before.length > 0) servers.run("server-1", ...before);
      servers.set("server-1", "cut", call);
      if (servers.run("server-1", ...steps).code === 0) {
        expect(call).toBeGreaterThan(6);
        return;
      }
      recovered(servers, `cut at call ${call}`);
    }
    expect.unreachable();
  });

  it("gets there after a power cut between k3s' own two writes (F83)", () => {
    const servers = one();
    servers.set("server-1", "cut-in-rotate", "");
    expect(servers.run("server-1", "prepare", "rotate").code).not.toBe(0);
    recovered(servers, "cut in rotate");
  });

  it("is tried again where etcd had no majority in the middle of it (F83)", () => {
    const servers = one();
    servers.set("server-1", "no-majority", "");
    const first = servers.run("server-1", "prepare", "rotate");
    expect([first.code, first.output]).toEqual([1, expect.stringContaining("k3s token rotate failed on this server")]);
    expect(servers.get("server-1", "running")).toBe(old);
    expect(all(servers).code).toBe(0);
    expect(servers.left("server-1")).toEqual(done);
  });

  it("is taken back by a server that is switched before etcd has it, and said, without a token (F83)", () => {
    const servers = one();
    servers.run("server-1", "prepare");
    const run = servers.run("server-1", "switch");
    expect([run.code, servers.get("server-1", "running")]).toEqual([1, old]);
    expect(run.output).toContain("k3s does not start with the new token and runs with the old one; k3s: level=fatal");
    expect(run.output).toContain("(token)");
    expect(run.output).not.toContain("hunter2");
    expect(all(servers).code).toBe(0);
  });

  it("waits for a k3s that does not run, and says so in the end (F83)", () => {
    const servers = one();
    servers.set("server-1", "broken", "");
    servers.boot("server-1");
    const run = servers.run("server-1", "prepare", "rotate");
    expect([run.code, run.output]).toEqual([
      1,
      expect.stringContaining("does not answer on this server; k3s: level=fatal"),
    ]);
    rmSync(servers.path("server-1", "world/broken"));
    servers.boot("server-1");
    expect(all(servers).code).toBe(0);
    expect(servers.left("server-1")).toEqual(done);
  });

  it("has to come whole", () => {
    const servers = one();
    const { status, stderr } = spawnSync("bash", ["-c", text, "server-token", "prepare"], {
      input: "K10\n",
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([1, "no token came to this server\n"]);
    expect(servers.left("server-1")).toEqual({ running: old, config: old, remains: [] });
  });
});
