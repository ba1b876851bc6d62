/** How new tags reach a stage, as the image objects of its cluster say. */
import { type Found, namespaceOf, ofFlux, plainPath, type Read } from "./read.ts";

export type Rollout = "direct" | "pull-request";

/** An automation that pushes to another branch than it checks out wants somebody to merge it. */
export function rolloutOf(read: Read, folder: string): Rollout {
  const automation = ofFlux(read, "ImageUpdateAutomation").find(
    (each) => plainPath(each.text("spec", "update", "path")) === folder,
  );
  const push = automation?.text("spec", "git", "push", "branch") ?? "";
  const checkout = automation?.text("spec", "git", "checkout", "ref", "branch") ?? "";
  return push !== "" && checkout !== "" && push !== checkout ? "pull-request" : "direct";
}

/** The Secret by which the image is scanned, and presumably pulled. */
export function pullSecretOf(read: Read, image: string, namespace: string): string | undefined {
  const own = ofFlux(read, "ImageRepository").filter(
    (each) => each.text("spec", "image") === image && namespaceOf(each, read) === namespace,
  );
  return own.map((each) => each.text("spec", "secretRef", "name")).find((secret) => secret !== "");
}

export interface WriteSource {
  readonly secret: string;
  readonly provider: "generic" | "github";
  readonly url: string;
}

/** What the automations push through, when that is another source than the one that bootstrap made. */
export function writeSourceOf(read: Read): WriteSource | undefined {
  const names = ofFlux(read, "ImageUpdateAutomation").map((each) => each.text("spec", "sourceRef", "name"));
  const isWritten = (each: Found) => names.includes(each.text("metadata", "name"));
  const source = ofFlux(read, "GitRepository").find(isWritten);
  const secret = source?.text("spec", "secretRef", "name") ?? "";
  if (!source || secret === "" || secret === "flux-system") return undefined;
  const provider = source.text("spec", "provider") === "github" ? "github" : "generic";
  return { secret, provider, url: source.text("spec", "url") };
}
