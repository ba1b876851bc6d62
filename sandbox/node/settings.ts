import type { NodeFile } from "./cloud-config.ts";
import { NodeError } from "./error.ts";

/** A line `key=value` of node.env, as the node's scripts read it. */
export function setting(files: readonly NodeFile[], key: string): string | undefined {
  const lines = files.find(({ path }) => path === "/etc/k3s-stages/node.env")?.content.split("\n") ?? [];
  return lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
}

/** How `flux bootstrap` is called on this node. */
export interface BootstrapCommand {
  readonly url: string;
  readonly branch: string;
  /** `clusters/production` */
  readonly path: string;
  /** `v2.9.4` */
  readonly version: string;
  readonly components: readonly string[];
}

/** fluxcd/flux2 pkg/manifestgen/install/options.go, MakeDefaultOptions. */
const defaultComponents = ["source-controller", "kustomize-controller", "helm-controller", "notification-controller"];

/** Flags that this stand-in acts on, and those that change nothing that it does. */
const known = ["branch", "path", "version", "components-extra"];
const inert = ["timeout"];

/** Given by each kind of credential; `flux bootstrap github` makes it of owner and repository (fluxcd/go-git-providers). */
function urlOf(files: readonly NodeFile[]): string {
  const url = setting(files, "url") ?? "";
  return url !== "" && setting(files, "bootstrap") === "github" ? `${url}.git` : url;
}

/** The script's flags, with what `$(setting key)` stands for. */
function flags(script: string, files: readonly NodeFile[]): ReadonlyMap<string, string> {
  const words = script.matchAll(/(?<=[\s("])--([a-z][a-z-]*)(?:="?(\$\(setting \w+\)|[^\s")]*))?/g);
  const command = [...words].map(([, name = "", value = ""]): readonly [string, string] => {
    const [, key] = /^\$\(setting (\w+)\)$/.exec(value) ?? [];
    return [name, key ? (setting(files, key) ?? "") : value];
  });
  return new Map(command);
}

/**
 * The arguments of the script in which a node's own phases call `flux bootstrap`; `undefined` where none does.
 * @throws NodeError for a flag that is missing or that the stand-in does not know
 */
export function bootstrapCommand(files: readonly NodeFile[]): BootstrapCommand | undefined {
  const phases = (setting(files, "phases") ?? "").split(" ");
  const own = files.filter(({ path }) => phases.includes(path.split("/").at(-1) ?? ""));
  const script = own.find(({ content }) => /\bflux bootstrap "/.test(content));
  if (!script) return undefined;
  const [list = ""] = /^arguments=\([\s\S]*?^\)/m.exec(script.content) ?? [];
  const given = flags(list, files);
  const url = urlOf(files);
  const absent = [...known.filter((flag) => !given.get(flag)), ...(url === "" ? ["url"] : [])];
  const missing = absent.map((flag) => `flux bootstrap gets no --${flag}`);
  const unknown = [...given.keys()].filter((flag) => ![...known, ...inert].includes(flag));
  const problems = [...missing, ...unknown.map((flag) => `flux bootstrap --${flag} is not known to this stand-in`)];
  if (problems.length > 0) throw new NodeError(problems);
  const value = (flag: string) => given.get(flag) ?? "";
  const components = [...defaultComponents, ...value("components-extra").split(",")];
  const [branch, path, version] = [value("branch"), value("path"), value("version")];
  return { url, branch, path, version, components };
}
