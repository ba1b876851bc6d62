import { yamlPackage } from "../yaml/package.ts";
import { documentIn } from "../yaml/read.ts";
import { ConfigError } from "./error.ts";
import { isSecretKey } from "./stage-secrets.ts";

/** One configuration file's values, below the project's prefix where it has one, as they were read and before anything was checked. */
export interface Source {
  /** As people know it: `Pulumi.prod.yaml`. */
  readonly file: string;
  /** The file's text, to say in which line a problem is; empty when the values did not come from a file. */
  readonly text: string;
  readonly values: Values;
}

export interface Sources {
  readonly project: string;
  readonly shared: Source;
  /** By stage name, as in `Pulumi.<stage>.yaml`. */
  readonly stacks: { readonly [stage: string]: Source };
  /** By the app's name, as in `apps/<name>.yaml`. */
  readonly apps: { readonly [app: string]: Source };
}

export interface Values {
  readonly [key: string]: unknown;
}

function parsed(file: string, text: string): unknown {
  try {
    return documentIn(text);
  } catch (error) {
    const line = error instanceof yamlPackage().YAMLParseError ? (error.linePos?.[0].line ?? 1) : 1;
    throw new ConfigError(`${file}:${line} is not valid YAML: ${(error as Error).message}`);
  }
}

function content(file: string, text: string): Values {
  const value = parsed(file, text) ?? {};
  if (typeof value !== "object") throw new ConfigError(`${file} must be a mapping`);
  return value as Values;
}

/** Keys of other namespaces (`hcloud:token`) belong to their providers; Pulumi.yaml's own keys need no prefix. */
function own(values: unknown, project: string): Values {
  const entries = Object.entries((values ?? {}) as Values);
  const named = entries.flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (key.startsWith(`${project}:`)) return [[key.slice(project.length + 1), value]];
    return key.includes(":") ? [] : [[key, value]];
  });
  return Object.fromEntries(named.filter(([key]) => !isSecretKey(key)));
}

/** Pulumi wraps a project-level value: `{value: …}`, or `{type, default}`. */
function unwrapped(value: unknown): unknown {
  const wrapper = (value ?? {}) as { readonly value?: unknown; readonly default?: unknown };
  return wrapper.value ?? wrapper.default;
}

/** After a project was renamed, or made by `pulumi new`, all keys of a stage would be somebody else's and silently unread. */
function assertPrefix(file: string, values: unknown, project: string): void {
  const prefixes = Object.keys((values ?? {}) as Values).flatMap(
    (key) => /^(.+):(cluster|overrides)$/.exec(key)?.[1] ?? [],
  );
  const other = prefixes.find((prefix) => prefix !== project);
  if (other === undefined) return;
  const way = `rename them there to ${project}:…, or call the project ${other} in Pulumi.yaml`;
  throw new ConfigError(`${file}: its keys begin with ${other}:, and the project is called ${project}; ${way}.`);
}

const appFilePattern = /^apps\/(.+)\.yaml$/;

/** Where the project's folder is the GitOps repository too, objects of Kubernetes may lie beside the apps' files. */
export const isApp = (file: string, text: string): boolean =>
  !(/^apps\/kustomization\.ya?ml$/.test(file) || /^apiVersion:/m.test(text));

/** By the name that a pattern finds in the file's. */
const named = (pattern: RegExp, sources: readonly Source[]): { readonly [name: string]: Source } =>
  Object.fromEntries(sources.map((source) => [source.file.replace(pattern, "$1"), source]));

/** Reads the texts of Pulumi.yaml, of the stacks' files and of the apps'. @throws ConfigError when one is no YAML or no mapping */
export function sourcesOf(texts: { readonly [file: string]: string }): Sources {
  const { "Pulumi.yaml": text = "", ...rest } = texts;
  const others = Object.entries(rest);
  const shared = content("Pulumi.yaml", text);
  const project = String(shared["name"] ?? "");
  const wrapped = Object.entries(own(shared["config"], project)).map(([key, value]) => [key, unwrapped(value)]);
  const stacks = others.flatMap(([file, stackText]) => {
    if (appFilePattern.test(file)) return [];
    const written = content(file, stackText)["config"];
    assertPrefix(file, written, project);
    return [{ file, text: stackText, values: own(written, project) }];
  });
  const apps = others.flatMap(([file, appText]) =>
    appFilePattern.test(file) && isApp(file, appText) ? [{ file, text: appText, values: content(file, appText) }] : [],
  );
  return {
    project,
    shared: { file: "Pulumi.yaml", text, values: Object.fromEntries(wrapped) },
    stacks: named(/^Pulumi\.(.+)\.yaml$/, stacks),
    apps: named(appFilePattern, apps),
  };
}
