import { parse } from "yaml";
import { nodeProblems, textProblems } from "./check.ts";
import { parseCloudConfig } from "./cloud-config.ts";
import { NodeError } from "./error.ts";
import { type BootstrapCommand, bootstrapCommand, setting } from "./settings.ts";
import { syntaxProblems } from "./syntax.ts";

/** A server's user data, checked: what the node would be and do. */
export interface NodeFacts {
  readonly name: string;
  readonly role: string;
  /** Text by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Of /etc/rancher/k3s/config.yaml. */
  readonly k3s: { readonly [key: string]: unknown };
  /** A line of node.env. */
  readonly setting: (key: string) => string | undefined;
  /** Of server 1: `flux bootstrap` as it will be called. */
  readonly command: BootstrapCommand | undefined;
}

/** @throws NodeError that says everything that is wrong */
export async function readNode(name: string, userData: string): Promise<NodeFacts> {
  const config = parseCloudConfig(userData);
  const { files } = config;
  const problems = [...textProblems(userData), ...nodeProblems(config, name), ...(await syntaxProblems(files))];
  if (problems.length > 0) throw new NodeError(problems, name);
  const texts = new Map(files.map(({ path, content }) => [path, content]));
  return {
    name,
    role: setting(files, "role") ?? "",
    files: texts,
    k3s: parse(texts.get("/etc/rancher/k3s/config.yaml") ?? "{}") as NodeFacts["k3s"],
    setting: (key) => setting(files, key),
    command: bootstrapCommand(files),
  };
}
