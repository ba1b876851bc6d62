import { z } from "zod";
import { appKeys, projectKeys, stackKeys } from "./schema.ts";

/** The keys as an editor checks them while they are written; what compares values is said by every command. */
type Json = { readonly [key: string]: unknown };

const dialect = "http://json-schema.org/draft-07/schema#";

/** Secrets are in no typed key: `pulumi config set --secret` writes them, some below a path. */
const secret = {
  description: "a secret of the stage: pulumi config set --secret",
  anyOf: [
    { type: "object", required: ["secure"] },
    { type: "object", additionalProperties: { type: "object", required: ["secure"] } },
  ],
};

function properties(schema: z.ZodType): Json {
  const made = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
  return (made.properties ?? {}) as Json;
}

const wrapped = (value: unknown): Json => ({ type: "object", required: ["value"], properties: { value } });
const entries = (record: Json, change: (key: string, value: unknown) => readonly [string, unknown]): Json =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => change(key, value)));

/** Of Pulumi.yaml: Pulumi's own keys are Pulumi's to check. */
export function projectSchema(): Json {
  const config = {
    type: "object",
    properties: entries(properties(projectKeys), (key, value) => [key, wrapped(value)]),
    patternProperties: { ":": {} },
    additionalProperties: false,
  };
  return {
    $schema: dialect,
    title: "Pulumi.yaml: what the stages share",
    type: "object",
    required: ["name", "runtime", "config"],
    properties: { config },
  };
}

/** Of Pulumi.<stage>.yaml, for a project's name. */
export function stackSchema(project: string): Json {
  const config = {
    type: "object",
    properties: entries(properties(stackKeys), (key, value) => [`${project}:${key}`, value]),
    patternProperties: { [`^(?!${project}:)[^:]+:`]: {} },
    additionalProperties: secret,
  };
  return {
    $schema: dialect,
    title: "Pulumi.<stage>.yaml: what differs",
    type: "object",
    required: ["config"],
    properties: { config },
  };
}

/** Of apps/<name>.yaml. */
export function appSchema(): Json {
  const made = z.toJSONSchema(appKeys, { io: "input", target: "draft-7" });
  return { ...made, $schema: dialect, title: "apps/<name>.yaml: an application with a file of its own" };
}
