import { parseAllDocuments } from "yaml";

/** What must never reach Git, where it stays for ever: by the forms that their makers gave them. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/AGE-SECRET-KEY-1[0-9A-Z]{20}/, "an age key"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----/, "a private key"],
  [/\b(ghp|gho|ghs|ghu)_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{36}/, "a GitHub token"],
  [/\bglpat-[A-Za-z0-9_-]{20}/, "a GitLab token"],
  [/\bxox[abpr]-[A-Za-z0-9-]{20}/, "a Slack token"],
];

interface Mapping {
  readonly [key: string]: unknown;
}

const values = (part: unknown): readonly unknown[] =>
  typeof part === "object" && part !== null ? Object.values(part) : [];

/** A Secret with values, be it in a list or in the text of a patch. */
function isPlainSecret(part: unknown): boolean {
  if (typeof part === "string") return hasPlainSecret(part);
  const { kind, data, stringData } = (part ?? {}) as Mapping;
  return (
    (kind === "Secret" && [data, stringData].some((each) => values(each).length > 0)) ||
    values(part).some(isPlainSecret)
  );
}

/** Document by document; one that SOPS encrypted carries its own top-level block. */
function hasPlainSecret(text: string): boolean {
  if (!/kind["']?: *["']?Secret\b/.test(text) || !/(data|stringData)["']?:/.test(text)) return false;
  return parseAllDocuments(text).some((document) => {
    const content: unknown = document.toJS();
    return !("sops" in ((content ?? {}) as object)) && isPlainSecret(content);
  });
}

/** Shorter values are words that stand in many texts by chance. */
const shortest = 8;

/** Secrets of the run, by the key that sets them. */
export type KnownSecrets = ReadonlyMap<string, string>;

/** The key of a secret whose value stands in a text, as it is or as a Secret's `data` has it. */
export function knownSecretIn(text: string, known: KnownSecrets): string | undefined {
  const long = [...known].filter(([, value]) => value.trim().length >= shortest);
  const forms = (value: string) => [
    value.trim(),
    ...[value, value.trim()].map((each) => Buffer.from(each).toString("base64")),
  ];
  return long.find(([, value]) => forms(value).some((form) => text.includes(form)))?.[0];
}

/** What secret a text shows in clear, in words; never the secret itself. */
export function exposedSecret(text: string): string | undefined {
  return (
    forms.find(([form]) => form.test(text))?.[1] ??
    (hasPlainSecret(text) ? "a Secret that is not encrypted" : undefined)
  );
}
