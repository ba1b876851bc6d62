import type { SemVer } from "semver";
import parse from "semver/functions/parse.js";

/** As Masterminds/semver reads it (version.go, coerceNewVersion): leading zeros do not count, a number left out is 0. */
const loose = /^v?0*(\d+)(?:\.0*(\d+))?(?:\.0*(\d+))?([-+]\S*)?$/;

/** Flux skips what it cannot parse, and wants two dots, wherever (fluxcd/pkg version/version.go, ParseVersion). */
export function versionOf(text: string): SemVer | null {
  const [, major, minor = "0", patch = "0", rest = ""] = loose.exec(text) ?? [];
  return text.split(".").length > 2 ? parse(`${major}.${minor}.${patch}${rest}`) : null;
}
