import type { ExistingRequest, Resource } from "./resource.ts";
import { UserError } from "./resource.ts";
import { type Properties, unknown } from "./values.ts";

interface Key {
  readonly id: number;
  readonly key: string;
  readonly read_only: boolean;
}

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** No answer here takes this long but none at all. */
const patience = 30_000;

/** docs.github.com/rest; the variable is GitHub's own, and names the API of an Enterprise server. */
const api = (): string => (process.env["GITHUB_API_URL"] ?? "https://api.github.com").replace(/\/$/, "");

function refusal(status: number, message: string, repository: string): string {
  const said = `GitHub answers ${status}${message ? ` (${message})` : ""} for ${repository}`;
  const set = "pulumi config set --secret githubToken";
  if (status === 401) return `${said}: the token is not valid or has expired. Set another: ${set}`;
  if (status === 429 || (status === 403 && /rate limit/i.test(message)))
    return `${said}: wait some minutes, then run \`pulumi up\` again`;
  if (/archived/i.test(message))
    return `${said}: it is archived. Take that back at GitHub, or configure another repository`;
  if (status === 403 || status === 404)
    return `${said}: the token needs "Administration: read and write" of this repository. Set another: ${set}`;
  if (status >= 500) return `${said}: see githubstatus.com, then run \`pulumi up\` again`;
  return status < 400 ? `${said} with something else than JSON: does a proxy stand in between?` : said;
}

/** A gateway in front of GitHub answers with a page. */
function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function send(inputs: Properties, { method, path, body }: Call): Promise<Answer> {
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${inputs["token"]}`,
    "user-agent": "k3s-stages",
    "x-github-api-version": "2022-11-28",
  };
  const options = {
    method,
    headers,
    signal: AbortSignal.timeout(patience),
    ...(body ? { body: JSON.stringify(body) } : {}),
  };
  const response = await fetch(`${api()}${path}`, options).catch((error: Error) => {
    throw new UserError(
      `${api()} cannot be reached (${error.cause ?? error.message}): check the network, then run again`,
    );
  });
  return { status: response.status, body: parsed(await response.text()) };
}

const place = ({ owner, repository }: Properties): string => `${owner}/${repository}`;
const keysOf = (inputs: Properties): string => `/repos/${place(inputs)}/keys`;

/** The key without its comment, as GitHub gives it back. */
const material = (key: unknown): string => `${key}`.split(" ").slice(0, 2).join(" ");

function accepted({ status, body }: Answer, inputs: Properties, allowed: readonly number[]): unknown {
  const isEmpty = status === 204 || status === 404;
  if (allowed.includes(status) && (body !== undefined || isEmpty)) return body;
  const { message = "", errors = [] } = (body ?? {}) as { message?: string; errors?: readonly { message?: string }[] };
  const words = [message, ...errors.map((each) => each.message ?? "")].filter(Boolean).join("; ");
  throw new UserError(refusal(status, words, place(inputs)));
}

/** One that is there already, after a lost state: the same key with the same right. */
async function existing(inputs: Properties): Promise<Key | undefined> {
  const answer = await send(inputs, { method: "GET", path: `${keysOf(inputs)}?per_page=100` });
  const keys = accepted(answer, inputs, [200]) as readonly Key[];
  return keys.find(({ key, read_only }) => !read_only && material(key) === material(inputs["key"]));
}

async function register(inputs: Properties): Promise<Key> {
  const body = { title: inputs["title"], key: inputs["key"], read_only: false };
  const answer = await send(inputs, { method: "POST", path: keysOf(inputs), body });
  const found = answer.status === 422 ? await existing(inputs) : undefined;
  return found ?? (accepted(answer, inputs, [201]) as Key);
}

const oneOf = ({ inputs, id }: ExistingRequest) => `${keysOf(inputs)}/${id}`;

/** A deploy key with write access at one GitHub repository. It belongs to the repository: nobody's leaving takes it away. */
export function githubDeployKey(): Resource {
  const identity = ["owner", "repository", "title", "key"];
  return {
    diff: ({ oldInputs, inputs }) => {
      const changed = [...identity, "token"].filter((name) => oldInputs[name] !== inputs[name]);
      const kinds = changed.map((name) => [name, name === "token" ? "UPDATE" : "UPDATE_REPLACE"] as const);
      return { changes: Object.fromEntries(kinds) };
    },
    create: async ({ inputs, preview }) => {
      if (preview) return { id: "", outputs: { keyId: unknown } };
      const { id } = await register(inputs);
      return { id: String(id), outputs: { keyId: id } };
    },
    read: async (request) => {
      const answer = await send(request.inputs, { method: "GET", path: oneOf(request) });
      accepted(answer, request.inputs, [200, 404]);
      const { id, inputs, outputs } = request;
      return answer.status === 404 ? undefined : { id, inputs, outputs };
    },
    update: ({ oldOutputs }) => ({ outputs: oldOutputs }),
    delete: async (request) => {
      accepted(await send(request.inputs, { method: "DELETE", path: oneOf(request) }), request.inputs, [204, 404]);
    },
  };
}
