/**
 * The commit message from an automation's Go template, as far as this project renders such templates: fields, one `range`
 * and the trimming of white space. Everything else is an error that names it, never a wrong message.
 */

export interface MessageData {
  readonly AutomationObject: { readonly Namespace: string; readonly Name: string };
  readonly Changed: { readonly Changes: readonly Change[] };
  readonly Values: { readonly [name: string]: string };
}

/** One scalar that an automation set; `Setter` is its marker, `namespace:policy[:part]`. */
export interface Change {
  readonly OldValue: string;
  readonly NewValue: string;
  readonly Setter: string;
}

type Token = { readonly kind: "text"; readonly text: string } | { readonly kind: "action"; readonly action: string };

/** Gone since Flux 2.7; the automation stalls (image-automation-controller internal/source/source.go, checkRemovedTemplateField). */
const removed = [
  [/\.Updated\b/, ".Updated"],
  [/\.Changed\.ImageResult\b/, ".Changed.ImageResult"],
] as const;

const fieldPath = /^\$?(\.[A-Za-z]\w*)+$/;

function notUnderstood(action: string): Error {
  const [, field] = removed.find(([form]) => form.test(action)) ?? [];
  return new Error(
    field
      ? `template uses removed '${field}' field: use '.Changed.Changes' instead`
      : `message template: {{ ${action} }} is not understood by this stand-in (fields, range .Changed.Changes and end are)`,
  );
}

/** Go's trim markers take the white space of the neighbouring text, and need a space of their own (text/template). */
function tokens(template: string): readonly Token[] {
  const parts = template.split(/(\{\{(?:-\s)?[\s\S]*?(?:\s-)?\}\})/);
  return parts.map((part, index): Token => {
    if (index % 2 === 1) return { kind: "action", action: part.replace(/^\{\{(-\s)?\s*|\s*(\s-)?\}\}$/g, "") };
    const trimmedBefore = /\s-\}\}$/.test(parts[index - 1] ?? "") ? part.trimStart() : part;
    return { kind: "text", text: /^\{\{-\s/.test(parts[index + 1] ?? "") ? trimmedBefore.trimEnd() : trimmedBefore };
  });
}

interface Scope {
  readonly root: MessageData;
  readonly dot: unknown;
}

/** A key that a map does not have prints as `<no value>`; a field that a structure does not have is an error. */
function lookUp(path: string, { root, dot }: Scope): unknown {
  if (!fieldPath.test(path)) throw notUnderstood(path);
  return path
    .split(".")
    .slice(1)
    .reduce<unknown>(
      (value, name) => {
        if (typeof value === "object" && value !== null && Object.hasOwn(value, name)) return Reflect.get(value, name);
        if (value === root.Values) return "<no value>";
        throw notUnderstood(path);
      },
      path.startsWith("$") ? root : dot,
    );
}

function items(path: string, scope: Scope): readonly unknown[] {
  const value = lookUp(path, scope);
  if (!Array.isArray(value)) throw notUnderstood(`range ${path}`);
  return value;
}

function fieldText(path: string, scope: Scope): string {
  const value = lookUp(path, scope);
  const { AutomationObject } = scope.root;
  if (value === AutomationObject) return `${AutomationObject.Namespace}/${AutomationObject.Name}`;
  if (typeof value !== "string") throw notUnderstood(path);
  return value;
}

function print([token, ...rest]: readonly Token[], scope: Scope): string {
  if (!token) return "";
  if (token.kind === "text") return token.text + print(rest, scope);
  const [, list] = /^range\s+(\S+)$/.exec(token.action) ?? [];
  if (!list) return fieldText(token.action, scope) + print(rest, scope);
  const end = rest.findIndex((each) => each.kind === "action" && each.action === "end");
  if (end < 0) throw new Error("message template: a range has no end, or stands in another");
  const body = items(list, scope).map((dot) => print(rest.slice(0, end), { ...scope, dot }));
  return body.join("") + print(rest.slice(end + 1), scope);
}

/** @throws Error that names what is not understood, or the field that Flux itself refuses */
export function commitMessage(template: string, root: MessageData): string {
  return print(tokens(template), { root, dot: root });
}
