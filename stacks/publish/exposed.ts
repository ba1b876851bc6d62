import { yamlPackage } from "../yaml/package.ts";

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
  return yamlPackage()
    .parseAllDocuments(text)
    .some((document) => {
      const content: unknown = document.toJS();
      return !("sops" in ((content ?? {}) as object)) && isPlainSecret(content);
    });
}

/** Shorter values are words that stand in many texts by chance. */
const shortest = 8;

/** Secrets of the run, by the key that sets them. */
export type KnownSecrets = ReadonlyMap<string, string>;

/** Of a registry's credential, which is set as a whole file: the passwords in it, in clear and as `auth` has them. */
function passwords(value: string): readonly string[] {
  if (!value.includes('"auths"')) return [];
  const found = [...value.matchAll(/"(auth|password|identitytoken)"\s*:\s*"([^"]+)"/g)];
  return found.flatMap(([, kind, text = ""]) =>
    kind === "auth"
      ? [
          text,
          Buffer.from(text, "base64")
            .toString("utf8")
            .replace(/^[^:]*:/, ""),
        ]
      : [text],
  );
}

/** A value of several lines stands indented in YAML, where no longer text of it would be found. */
const linesOf = (value: string): readonly string[] =>
  value
    .split("\n")
    .flatMap((line) => (/^(#|-----)/.test(line.trim()) || line.trim() === value.trim() ? [] : [line.trim()]));

/** What a secret stands as in a text: as it is, as a Secret's `data` has it, or in a part that tells it. */
function formsOf(value: string): readonly string[] {
  if (value.trim().length < shortest) return [];
  const parts = [value.trim(), ...passwords(value), ...linesOf(value)].filter((each) => each.length >= shortest);
  return [...parts, ...[value, value.trim()].map((each) => Buffer.from(each).toString("base64"))];
}

/** Gives for a text the key of a secret whose value stands in it. */
export function finderOf(known: KnownSecrets): (text: string) => string | undefined {
  const all = [...known].map(([key, value]) => ({ key, forms: formsOf(value) }));
  return (text) => all.find(({ forms: each }) => each.some((form) => text.includes(form)))?.key;
}

/** What secret a text shows in clear, in words; never the secret itself. */
export function exposedSecret(text: string): string | undefined {
  return (
    forms.find(([form]) => form.test(text))?.[1] ??
    (hasPlainSecret(text) ? "a Secret that is not encrypted" : undefined)
  );
}
