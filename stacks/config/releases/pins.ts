import { z } from "zod";
import { ConfigError, type Problem } from "../error.ts";
import { explain } from "../explain.ts";
import { parse } from "../parse.ts";

export const tools = ["k3s", "flux", "helm", "k9s"] as const;
export type Tool = (typeof tools)[number];

/** Hetzner's shared and dedicated x86 types are amd64, its CAX types arm64. */
export const architectures = ["amd64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];

/** Where a digest was learned: the release's own checksum files, or public texts that name exactly this artefact. */
type PinSource =
  | { readonly kind: "release"; readonly checksums: { readonly [A in Architecture]: string } }
  | { readonly kind: "recorded"; readonly in: readonly Recorded[] };

interface Recorded {
  readonly repository: string;
  readonly path: string;
  readonly commit: string;
}

export interface Pin {
  /** Exact: k3s as its tag (`v1.36.3+k3s1`), the others without the v. */
  readonly version: string;
  /** Of the file as it is downloaded; null where it could not be learned. */
  readonly sha256: { readonly [A in Architecture]: string | null };
  readonly source: PinSource | null;
}

/** What the cluster takes from a repository of others: a tag, and the commit that it is held to. */
export interface SourcePin {
  /** With its v. */
  readonly version: string;
  readonly commit: string;
}

/** Everything a node installs, and what upgrades it, as pins.json says it. */
export type Pins = { readonly [T in Tool]: Pin } & { readonly "system-upgrade-controller": SourcePin };

const number = "(?:0|[1-9][0-9]*)";
const exact = `${number}\\.${number}\\.${number}`;
const k3sVersion = z
  .string()
  .regex(new RegExp(`^v${exact}\\+k3s[1-9][0-9]*$`), "use one exact k3s release such as v1.36.3+k3s1, no channel");
const version = z
  .string()
  .regex(new RegExp(`^${exact}$`), "use one exact release such as 2.9.4: no v, no range, no latest");

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 lowercase hexadecimal digits; null where it is not known")
  .refine((hex) => !/^0+$/.test(hex), "all zeros is no digest; write null and run `npm run pins`")
  .nullable();

const release = z.strictObject({
  kind: z.literal("release"),
  checksums: z.strictObject({ amd64: z.url(), arm64: z.url() }),
});
const text = z.strictObject({
  repository: z.string(),
  path: z.string(),
  commit: z.string().regex(/^[0-9a-f]{40}$/, "use a full commit: a branch changes"),
});
const recorded = z.strictObject({
  kind: z.literal("recorded"),
  in: z.array(text).min(1, "name at least one text"),
});
const source = z
  .discriminatedUnion("kind", [release, recorded], { error: "say kind: release or kind: recorded, or null" })
  .nullable();

const pin = (versions: z.ZodString) =>
  z
    .strictObject({
      version: versions,
      sha256: z.strictObject({ amd64: digest, arm64: digest }),
      source,
    })
    .refine(({ sha256, source: from }) => from !== null || (sha256.amd64 ?? sha256.arm64) === null, {
      path: ["source"],
      message: "a digest needs its source; without one write null for both and run `npm run pins`",
    })
    .refine(({ sha256 }) => sha256.amd64 === null || sha256.amd64 !== sha256.arm64, {
      path: ["sha256"],
      message: "amd64 and arm64 are the same: two architectures never have one digest",
    });

const sourcePin = z.strictObject({
  version: z.string().regex(new RegExp(`^v${exact}$`), "use one exact release such as v0.20.1"),
  commit: z.string().regex(/^[0-9a-f]{40}$/, "use the full commit that the tag names"),
});

const schema = z.strictObject({
  k3s: pin(k3sVersion),
  flux: pin(version),
  helm: pin(version),
  k9s: pin(version),
  "system-upgrade-controller": sourcePin,
});

/**
 * Kubernetes minors that a Flux minor supports (fluxcd/website, release announcements of 2.7 to 2.9). Older ones are left
 * out on purpose: they have no image.toolkit.fluxcd.io/v1, which is what is rendered.
 */
const supported: { readonly [fluxMinor: string]: readonly [number, number] } = {
  "2.7": [32, 34],
  "2.8": [33, 35],
  "2.9": [34, 36],
};

/** Read apart from the schema, so that a half bump is reported together with everything else that is wrong. */
const bumped = z.object({ k3s: z.object({ version: k3sVersion }), flux: z.object({ version }) });

function halfBump(values: unknown, file: string): readonly Problem[] {
  const versions = bumped.safeParse(values);
  if (!versions.success) return [];
  const { k3s, flux } = { k3s: versions.data.k3s.version, flux: versions.data.flux.version };
  const fluxMinor = flux.split(".").slice(0, 2).join(".");
  const range = supported[fluxMinor];
  if (!range) {
    const known = Object.keys(supported).join(", ");
    return [{ file, path: ["flux", "version"], message: `is not known here (${known}): what is rendered follows it` }];
  }
  const [major, minor = 0] = k3s.slice(1).split(".").map(Number);
  if (major === 1 && minor >= range[0] && minor <= range[1]) return [];
  const message = `k3s ${k3s} does not fit flux ${flux}, which supports Kubernetes 1.${range[0]} to 1.${range[1]}: bump both`;
  return [{ file, path: ["k3s", "version"], message }];
}

function json(text: string, file: string): { readonly [key: string]: unknown } {
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values === "object" && values !== null) return values as { readonly [key: string]: unknown };
  } catch (error) {
    throw new ConfigError(`${file} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  throw new ConfigError(`${file} must be a mapping with ${tools.join(", ")}`);
}

/**
 * What pins.json says, checked.
 * @throws ConfigError that lists every problem at once
 */
export function parsePins(text: string, file = "pins.json"): Pins {
  const values = json(text, file);
  const shared = { file, text, values };
  const { value, problems } = parse(schema, shared);
  const all = [...problems, ...halfBump(values, file)];
  if (all.length > 0 || !value) throw new ConfigError(explain(all, { project: "", shared, stacks: {}, apps: {} }));
  return value;
}

/** Artefacts that a node of these architectures could not verify, as `flux 2.9.4 for arm64`; empty: a real `up` may go on. */
export function missingDigests(pins: Pins, wanted: readonly Architecture[]): readonly string[] {
  const missing = (tool: Tool) => wanted.filter((architecture) => pins[tool].sha256[architecture] === null);
  return tools.flatMap((tool) => missing(tool).map((each) => `${tool} ${pins[tool].version} for ${each}`));
}
