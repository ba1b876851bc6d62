import { parse } from "yaml";
import { userDataLimit } from "../../stacks/cluster/user-data.ts";
import type { CloudConfig, NodeFile } from "./cloud-config.ts";
import { secretProblems } from "./secrets.ts";
import { setting } from "./settings.ts";

const library = "/usr/local/lib/k3s-stages";
/** Of a server, or of Kubernetes' bootstrap tokens. */
const secureToken = /^K10[0-9a-f]{64}::(server:\S+|[a-z0-9]{6}\.[a-z0-9]{16})$/;

const find = (files: readonly NodeFile[], path: string) => files.find((file) => file.path === path);

/** What Hetzner and cloud-init take, whatever is in it. */
export function textProblems(userData: string): readonly string[] {
  const bytes = Buffer.byteLength(userData);
  return [
    ...(bytes > userDataLimit ? [`it has ${bytes} bytes, Hetzner takes ${userDataLimit}`] : []),
    ...(/^[\t\n -~]*$/.test(userData) ? [] : ["it has characters that are not ASCII"]),
  ];
}

interface K3sConfig {
  readonly [key: string]: unknown;
}

function tokenProblems(config: K3sConfig): readonly string[] {
  const { token } = config;
  if (token === undefined) return ["k3s: token is missing: nobody could join"];
  return secureToken.test(`${token}`) ? [] : ["k3s: token is not in the secure form K10<hash>::<credentials>"];
}

/** The two names of a node, and whether it starts a cluster or joins one. */
function k3sProblems({ files }: CloudConfig, name: string): readonly string[] {
  const file = find(files, "/etc/rancher/k3s/config.yaml");
  if (!file) return ["/etc/rancher/k3s/config.yaml is missing: k3s would start with its defaults"];
  const config = parse(file.content) as K3sConfig;
  const names = { "k3s: node-name": config["node-name"], "node.env: name": setting(files, "name") };
  const others = Object.entries(names).filter(([, found]) => found !== name);
  const starts = config["cluster-init"] === true;
  return [
    ...others.map(([where, found]) => `${where} is ${found}, the server's name is ${name}`),
    ...(starts === (config["server"] === undefined) ? [] : ["k3s: needs either cluster-init or a server to join"]),
    ...tokenProblems(config),
  ];
}

/** Programs that are not in user data but are downloaded, by the list that is. */
function downloaded(files: readonly NodeFile[]): readonly string[] {
  const rows = find(files, "/etc/k3s-stages/artefacts")?.content.split("\n") ?? [];
  return rows.map((row) => `/usr/local/bin/${row.split(" ")[0]}`);
}

/** Every unit that is started, every program that a unit or the list of phases names. */
function programProblems({ files, commands }: CloudConfig): readonly string[] {
  const started = commands.flat().filter((word) => word.endsWith(".service"));
  const own = files.filter(({ path }) => path.startsWith("/etc/systemd/system/"));
  const absent = started.filter((unit) => !own.some(({ path }) => path.endsWith(`/${unit}`)));
  const executed = own.flatMap(({ content }) =>
    [...content.matchAll(/^ExecStart=(\S+)/gm)].map(([, path = ""]) => path),
  );
  const phases = (setting(files, "phases") ?? "").split(" ").filter(Boolean);
  const programs = [...executed, ...phases.map((phase) => `${library}/${phase}`)];
  const missing = programs.filter((path) => !find(files, path) && !downloaded(files).includes(path));
  const inert = programs.filter((path) => find(files, path)?.permissions.startsWith("07") === false);
  return [
    ...(started.length === 0 ? ["runcmd starts no unit"] : []),
    ...(phases.length === 0 ? ["node.env: phases is missing or empty"] : []),
    ...absent.map((unit) => `runcmd starts ${unit}, which is not written`),
    ...missing.map((path) => `${path} is run, and neither written nor downloaded`),
    ...inert.map((path) => `${path} is run, but it is not executable`),
  ];
}

/** Everything that can be seen to be wrong before anything runs. */
export function nodeProblems(config: CloudConfig, name: string): readonly string[] {
  return [...k3sProblems(config, name), ...programProblems(config), ...secretProblems(config.files)];
}
