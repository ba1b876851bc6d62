/**
 * A stand-in for a node: a folder for its root, written as cloud-init writes it from the user data, in which the scripts
 * run for real; the commands that would leave the folder are test/fake-node.sh. It has no systemd and no k3s.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseCloudConfig } from "../sandbox/node/cloud-config.ts";
import type { NodePlan } from "../stacks/cluster/node-settings.ts";
import { artefact } from "../stacks/config/releases/artefacts.ts";
import { architectures, type Pins, tools } from "../stacks/config/releases/pins.ts";
import { material, userDataOf } from "./node-plan.ts";

const commands = join(import.meta.dirname, "fake-node.sh");
const faked = "curl df ip journalctl netplan nft sleep swapoff sync sysctl systemctl timedatectl uname".split(" ");

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

/** What a release host serves, and the pins that fit. */
interface Releases {
  readonly folder: string;
  readonly pins: Pins;
}

/** Puts the stand-in into every artefact, packed as its release is, so that what gets installed is what runs. */
export function makeReleases(pins: Pins): Releases {
  const folder = mkdtempSync(join(tmpdir(), "fake-releases-"));
  const text = readFileSync(commands, "utf8");
  const pinned = tools.map((tool) => {
    const { version } = pins[tool];
    const digests = architectures.map((architecture) => {
      const { name, member } = artefact({ tool, version, architecture });
      const file = join(folder, name);
      const own = `${text}# ${tool} for ${architecture}\n`;
      if (member === undefined) write(file, own);
      else {
        write(join(folder, "unpacked", member), own);
        spawnSync("tar", ["-czf", file, "-C", join(folder, "unpacked"), member]);
      }
      return [architecture, sha256(file)];
    });
    return [tool, { ...pins[tool], sha256: Object.fromEntries(digests) }];
  });
  return { folder, pins: Object.fromEntries(pinned) };
}

const deployKey = { identity: "KEY\n", "identity.pub": "PUB\n", known_hosts: "github.com ssh-ed25519 AAAA\n" };

export class FakeNode {
  readonly directory = mkdtempSync(join(tmpdir(), "fake-node-"));
  readonly root = join(this.directory, "root");
  readonly world = join(this.directory, "world");
  private readonly links = join(this.directory, "commands");

  constructor(plan: NodePlan, releases?: string) {
    if (releases) cpSync(releases, join(this.world, "downloads"), { recursive: true });
    mkdirSync(this.links);
    for (const name of faked) symlinkSync(commands, join(this.links, name));
    this.set("machine", "x86_64");
    this.set("free", "20000000");
    this.set("speed", "1");
    this.set("downloads/instance-id", "4711");
    this.set("downloads/cacerts", material.serverFiles["server-ca.crt"] ?? "");
    this.putSecret("flux-bootstrap", deployKey);
    this.putSecret("hcloud", { token: "T", network: "N" });
    this.putSecret("sops-age", { "age.agekey": "AGE\n" });
    write(join(this.root, "proc/uptime"), "100.00 50.00\n");
    for (const { path, permissions, content } of parseCloudConfig(userDataOf(plan)).files)
      write(join(this.root, path), content, Number.parseInt(permissions, 8));
  }

  /** Leaves out the phases before and after those under test, and puts in place what they would have installed. */
  only(...phases: readonly string[]): this {
    const settings = join(this.root, "etc/k3s-stages/node.env");
    write(settings, readFileSync(settings, "utf8").replace(/^phases=.*$/m, `phases=${phases.join(" ")}`), 0o600);
    for (const name of ["kubectl", "flux"]) symlinkSync(commands, join(this.links, name));
    return this;
  }

  /** Takes one command from this machine instead of its stand-in. */
  useOwn(command: string): this {
    rmSync(join(this.links, command));
    return this;
  }

  /** Sets a fact of the world outside the node. */
  set(name: string, value: string | number): void {
    write(join(this.world, name), `${value}\n`.replace(/\n\n$/, "\n"));
  }

  putSecret(name: string, parts: { readonly [part: string]: string }): void {
    rmSync(join(this.world, "secrets", name), { recursive: true, force: true });
    for (const [part, text] of Object.entries(parts)) write(join(this.world, "secrets", name, part), text);
  }

  get(name: string): string {
    const file = join(this.world, name);
    return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  }

  /** How the unit is started: what systemd would run, and what it would be told besides the machine's own. */
  unit(within: (variables: readonly string[]) => readonly string[] = () => [], seconds = 120) {
    this.set("calls", "");
    const path = `${this.links}:${join(this.root, "usr/local/bin")}:${process.env["PATH"]}`;
    const start = `echo $$ >"$WORLD/pid"; exec "$K3S_STAGES_ROOT/usr/local/lib/k3s-stages/bootstrap"`;
    const own = { PATH: path, WORLD: this.world, K3S_STAGES_ROOT: this.root };
    // `timeout` gives the run a process group of its own, for a power cut to end.
    const variables = Object.entries(own).map(([name, value]) => `${name}=${value}`);
    const [file = "", ...args] = [...within(variables), "timeout", `${seconds}`, "bash", "-c", start];
    return { file, args, env: own };
  }

  /** Lets the unit run once, as systemd would start it; `within` gives a program and its arguments that start it. */
  run(within?: (variables: readonly string[]) => readonly string[]) {
    const { file, args, env } = this.unit(within);
    const { status, stdout, stderr } = spawnSync(file, args, { env: { ...process.env, ...env }, encoding: "utf8" });
    return { code: status, output: stdout + stderr };
  }

  /** Calls of one command in the last run. */
  calls(command: string): readonly string[] {
    return this.get("calls")
      .split("\n")
      .filter((line) => line.startsWith(`${command} `));
  }

  /** Downloads of the last run. */
  downloads(): readonly string[] {
    return this.calls("curl").filter((call) => call.includes("--output"));
  }

  status() {
    return JSON.parse(readFileSync(join(this.root, "run/k3s-stages/status.json"), "utf8"));
  }

  /** Every file of the node that outlives a restart: mode, content and, to see a rewrite, time of change. */
  files(): { readonly [path: string]: string } {
    const all = readdirSync(this.root, { recursive: true, encoding: "utf8" }).toSorted();
    const kept = all.filter((path) => !/^(run|proc)(\/|$)/.test(path) && statSync(join(this.root, path)).isFile());
    return Object.fromEntries(
      kept.map((path) => {
        const { mode, mtimeMs } = statSync(join(this.root, path));
        return [path, `${(mode & 0o777).toString(8)} ${sha256(join(this.root, path))} ${mtimeMs}`];
      }),
    );
  }

  /** The same without the times: what two ways to one state must agree in. */
  state(): { readonly [path: string]: string } {
    return Object.fromEntries(
      Object.entries(this.files()).map(([path, text]) => [path, text.replace(/ [0-9.]+$/, "")]),
    );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** The file in the release hosts' place for one tool on amd64. */
export const download = (tool: (typeof tools)[number], { version }: { readonly version: string }): string =>
  `downloads/${basename(artefact({ tool, version, architecture: "amd64" }).url)}`;
