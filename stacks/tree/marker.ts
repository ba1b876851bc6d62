/**
 * Image markers as Flux reads them: a line comment that is a JSON object of strings with the key `$imagepolicy`
 * (fluxcd/image-automation-controller internal/update/setters.go, kyaml fieldmeta/fieldmeta.go).
 */

/** What the scalar holds of the image; without a suffix all of it, `name:tag[@digest]`. */
export type Part = "image" | "name" | "tag" | "digest";

export interface Marker {
  /** `namespace:name` of the ImagePolicy. */
  readonly policy: string;
  readonly part: Part;
  /** Whose the value is in place of Flux: nobody moves it, or the configuration does. */
  readonly frozen?: "held" | "pinned";
}

/** Whether a text names a marker of any kind; a cheap question, to which no marked file says no. */
export const hasMarkers = (text: string): boolean => /"\$(imagepolicy|held|pinned)"/.test(text);

interface Fields {
  readonly $imagepolicy?: string;
  readonly $held?: string;
  readonly $pinned?: string;
}

function commentFields(comment: string): Fields {
  try {
    const fields: unknown = JSON.parse(comment.replace(/^#+/, ""));
    const isStrings =
      typeof fields === "object" && fields !== null && Object.values(fields).every((v) => typeof v === "string");
    return isStrings ? fields : {};
  } catch {
    return {};
  }
}

/** The marker that a scalar's whole line comment is. */
export function parseMarker(comment: string | null | undefined): Marker | undefined {
  if (!comment?.includes("{")) return undefined;
  // yaml joins the comment lines below to the line comment.
  const { $imagepolicy, $held, $pinned } = commentFields(comment.split("\n")[0] ?? "");
  const named = $imagepolicy ?? $held ?? $pinned ?? "";
  const [, policy, part = "image"] = /^([^:]+:[^:]+)(?::(tag|name|digest))?$/.exec(named) ?? [];
  if (!policy) return undefined;
  const frozen = $held === undefined ? ("pinned" as const) : ("held" as const);
  return { policy, part: part as Part, ...($imagepolicy === undefined ? { frozen } : {}) };
}
