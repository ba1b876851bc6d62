/** gotk-components.yaml as `flux install --export` writes it: its head says which Flux, and what of it. */
export interface Components {
  readonly version: string;
  readonly parts: readonly string[];
}

/** The controllers that every cluster of ours has beside Flux's own choice. */
export const extraComponents = ["image-reflector-controller", "image-automation-controller"];

/** `undefined`: no such file, as an empty placeholder is none (fluxcd/flux2 pkg/manifestgen/install). */
export function components(text: string): Components | undefined {
  const version = /^# Flux Version: v([0-9]+\.[0-9]+\.[0-9]+)$/m.exec(text)?.[1];
  const parts = /^# Components: (.+)$/m.exec(text)?.[1]?.split(",");
  return version && parts ? { version, parts } : undefined;
}

export type Upgrade =
  | { readonly kind: "same" }
  | { readonly kind: "commit"; readonly from: string }
  | { readonly kind: "refused"; readonly reason: string };

const isOlder = (a: string, b: string): boolean => {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
};

/** Whether a cluster's file may become what was exported. */
export function fluxUpgrade(live: string, exported: string): Upgrade {
  const [now, next] = [components(live), components(exported)];
  if (!next) return { kind: "refused", reason: "flux install --export wrote something else than Flux's components" };
  if (!now) {
    return {
      kind: "refused",
      reason: live.trim()
        ? "was not written by flux: who wrote it has to upgrade it"
        : "is empty: flux bootstrap has not run there, and brings this version itself",
    };
  }
  const lost = now.parts.filter((part) => !next.parts.includes(part));
  if (lost.length > 0) return { kind: "refused", reason: `has ${lost.join(", ")}, which the new one has not` };
  if (isOlder(next.version, now.version)) {
    return { kind: "refused", reason: `has Flux ${now.version}, which is newer than ${next.version} of pins.json` };
  }
  return live === exported ? { kind: "same" } : { kind: "commit", from: now.version };
}
