/** A cluster's API by any of its servers: while one of them starts again, the others answer. */
import { type Answer, type Kube, kube, type Question } from "../../stacks/access/kube.ts";
import { UserError } from "../resource.ts";
import { Unanswered } from "../unanswered.ts";
import type { Properties, Value } from "../values.ts";

type Reply = Extract<Answer, { readonly kind: "answer" }>;

export interface ClusterApi {
  /** @throws Unanswered where no server answers */
  readonly ask: (question: Question) => Promise<Reply>;
  readonly close: () => void;
}

export const strings = (value: Value | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** The one that answered last is asked first. */
export function clusterApi(inputs: Properties, signal: AbortSignal): ClusterApi {
  const text = (name: string) => String(inputs[name]);
  const keys = { caCertificate: text("caCertificate"), adminCertificate: text("adminCertificate") };
  const open = (server: string): Kube => kube({ server, ...keys, adminKey: text("adminKey") }, signal);
  const apis = [...new Set(strings(inputs["servers"]))].filter((server) => URL.canParse(server)).map(open);
  const ask = async (question: Question): Promise<Reply> => {
    let failed: Answer | undefined;
    for (const api of [...apis]) {
      const answer = await api.ask(question);
      if (answer.kind === "answer") return answer;
      failed = answer;
      apis.push(...apis.splice(apis.indexOf(api), 1));
    }
    if (failed?.kind === "failure") throw new Unanswered(failed.failure);
    throw new UserError("its API has no address");
  };
  return { ask, close: () => apis.forEach((api) => void api.close()) };
}

/** What the API says; nothing where it has no such object, and where it has one that is to be made. */
export async function take({ ask }: ClusterApi, question: Question): Promise<unknown> {
  const { status, text } = await ask(question);
  if (status === 404 || status === 409) return undefined;
  if (status < 300) return JSON.parse(text);
  throw new UserError(`${question.path}: the API answers ${status} ${text.replaceAll(/\s+/g, " ").slice(0, 200)}`);
}

export const make = (path: string, object: object): Question => ({
  ...{ method: "POST", path, contentType: "application/json", body: JSON.stringify(object) },
});
