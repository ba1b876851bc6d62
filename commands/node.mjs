/**
 * Runs a TypeScript file under a Node that strips types (>= 22.18), whatever Node npm was started with.
 * Plain JavaScript, because an old Node has to be able to read it.
 *
 * Where the machine's Node is too old, one comes from npm (linux x64 and arm64 only); it is found once and its path kept
 * under node_modules/.cache, so that later commands do not ask npm again.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cacheFolder = join(root, "node_modules", ".cache");
const wanted = readFileSync(join(root, ".node-version"), "utf8").trim();

const stripsTypes = (version) => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
};

function nodeFromNpm() {
  const memo = join(cacheFolder, `node-${wanted}`);
  const known = existsSync(memo) ? readFileSync(memo, "utf8") : "";
  if (known && existsSync(known)) return known;
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    console.error(`This project needs Node 22.18 or newer; this is ${process.versions.node}. Install Node ${wanted}.`);
    process.exit(1);
  }
  console.error(`Node ${process.versions.node} is older than 22.18: fetching Node ${wanted} from npm (once)`);
  const spec = `--package=node-linux-${process.arch}@${wanted}`;
  const found = spawnSync("npm", ["exec", "--yes", spec, "--", "node", "-p", "process.execPath"], { encoding: "utf8" });
  const path = found.stdout?.trim() ?? "";
  if (found.status !== 0 || !existsSync(path)) {
    console.error(`npm could not bring Node ${wanted}: install Node 22.18 or newer.\n${found.stderr ?? ""}`.trimEnd());
    process.exit(1);
  }
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(memo, path);
  return path;
}

const node = stripsTypes(process.versions.node) ? process.execPath : nodeFromNpm();
const child = spawn(node, process.argv.slice(2), {
  stdio: "inherit",
  env: {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cacheFolder, "compile"),
  },
});
// The child decides how to end; a terminal's Ctrl-C reaches it by itself, a signal sent to us alone must be passed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
