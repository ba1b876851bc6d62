import { projectSchema, stackSchema } from "./json-schema.ts";

/** The keys as people look them up: docs/configuration.md, from the same schema as the checks. */

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: { readonly [key: string]: Node };
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

interface Row {
  readonly key: string;
  readonly node: Node;
  readonly required: boolean;
}

const alternatives = ({ anyOf, oneOf }: Node): readonly Node[] => anyOf ?? oneOf ?? [];

/** Every key below one, in the order of the schema; `<name>` stands for a name that people give. */
function below(key: string, node: Node): readonly Row[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    {
      key: `${key}.${name}`,
      node: child,
      required: node.required?.includes(name) === true && child.default === undefined,
    },
    ...below(`${key}.${name}`, child),
  ]);
  const { additionalProperties: each, items } = node;
  const named = typeof each === "object" ? below(`${key}.<name>`, each) : [];
  return [
    ...own,
    ...named,
    ...(items ? below(`${key}[]`, items) : []),
    ...alternatives(node).flatMap((one) => below(key, one)),
  ];
}

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

/** JavaScript's largest whole number stands for no limit. */
function limits({ minimum, maximum = Number.MAX_SAFE_INTEGER }: Node): string {
  if (minimum === undefined) return "";
  return maximum === Number.MAX_SAFE_INTEGER ? `, ${minimum} or more` : `, ${minimum} to ${maximum}`;
}

function kind(node: Node): string {
  const [example] = node.examples ?? [];
  return `${form(node)}${limits(node)}${example === undefined ? "" : `, as ${code(example)}`}`;
}

function form(node: Node): string {
  if (node.enum) return node.enum.map(code).join(", ");
  if (node.const !== undefined) return code(node.const);
  if (node.type === "array") return `list of ${node.items ? kind(node.items) : "values"}`;
  if (node.type === "object" && typeof node.additionalProperties === "object")
    return `by name: ${kind(node.additionalProperties)}`;
  const kinds = [...new Set(alternatives(node).map(kind))];
  return node.type === "object" ? "keys" : (node.type ?? (kinds.join(" or ") || "any"));
}

const isEmpty = (value: unknown): boolean => typeof value === "object" && JSON.stringify(value).length === 2;

function line({ key, node, required }: Row): string {
  const initial = node.default === undefined || isEmpty(node.default) ? "" : code(node.default);
  const cells = [
    `\`${key}\``,
    kind(node),
    required ? "required" : initial,
    (node.description ?? "").replaceAll("<", "\\<"),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function table(key: string, node: Node): string {
  // One key may have a row in several alternatives.
  const rows = [...new Map(below(key, node).map((row) => [row.key, row])).values()];
  const head = ["| key | value | default | |", "| --- | --- | --- | --- |"];
  const about = node.description ? [`${node.description}.`, ""] : [];
  const lines = rows.length > 0 ? [...head, ...rows.map(line)] : [`${kind(node)}.`];
  return [`### ${key}`, "", ...about, ...lines, ""].join("\n");
}

const configOf = (schema: object): { readonly [key: string]: Node } =>
  (schema as { properties: { config: Node } }).properties.config.properties ?? {};

export function reference(project: string): string {
  const shared = Object.entries(configOf(projectSchema())).map(([key, node]) =>
    table(key, node.properties?.["value"] ?? node),
  );
  const own = Object.entries(configOf(stackSchema(project))).map(([key, node]) =>
    table(key.replace(`${project}:`, ""), node),
  );
  return [
    "# Configuration, key by key",
    "",
    "Written by `npm run schema` from the schema that checks the files. `<name>` is a name that you give:",
    "at most 30 lowercase letters, digits and `-`, a letter first. `[]` is each of a list. Secrets are in none of these keys:",
    "`pulumi config set --secret` ([access.md](access.md)).",
    "",
    "## Pulumi.yaml: what the stages share, each key as `config.<key>.value`",
    "",
    ...shared,
    `## Pulumi.<stage>.yaml: what differs, each key as \`config.${project}:<key>\``,
    "",
    ...own,
    "## apps/<name>.yaml: an application with a file of its own",
    "",
    "In place of its entries in `apps` and in every stage's `overrides`: the keys of `apps.<name>` at the top, and those of",
    "`overrides.<name>` below `overrides.<stage>` ([applications.md](applications.md#files-of-their-own)).",
    "",
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}
