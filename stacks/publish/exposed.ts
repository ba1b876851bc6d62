/** What must never reach Git, where it stays for ever: by the forms that their makers gave them. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/AGE-SECRET-KEY-1[0-9A-Z]{20}/, "an age key"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(ghp|gho|ghs|ghu)_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{36}/, "a GitHub token"],
  [/\bglpat-[A-Za-z0-9_-]{20}/, "a GitLab token"],
];

/** A Secret with values, document by document; one that SOPS encrypted carries its own top-level block. */
function hasPlainSecret(text: string): boolean {
  const documents = text.split(/^---.*$/m);
  return documents.some(
    (one) => /^kind: *["']?Secret\b/m.test(one) && /^(data|stringData):/m.test(one) && !/^sops:/m.test(one),
  );
}

/** What secret a text shows in clear, in words; never the secret itself. */
export function exposedSecret(text: string): string | undefined {
  return (
    forms.find(([form]) => form.test(text))?.[1] ??
    (hasPlainSecret(text) ? "a Secret that is not encrypted" : undefined)
  );
}
