/** A repository written by hand: what it runs, the configuration that renders it, what that changes, what was wrong. */
import { ConfigError } from "../config/error.ts";
import type { Fleet } from "../config/fleet.ts";
import { resolve } from "../config/resolve.ts";
import { sourcesOf } from "../config/sources.ts";
import type { Versions } from "../gitops/versions.ts";
import type { Head } from "../publish/snapshot.ts";
import { unapplied } from "./applied.ts";
import { changes, kept, type StageChanges } from "./changes.ts";
import { configuration } from "./configuration.ts";
import type { Finding } from "./finding.ts";
import { fluxMistakes } from "./flux-mistakes.ts";
import { markerMistakes } from "./marker-mistakes.ts";
import { policyMistakes } from "./policy-mistakes.ts";
import { type Files, type Read, read } from "./read.ts";
import { type System, systemOf } from "./system.ts";
import { systemMistakes } from "./system-mistakes.ts";

export interface AdoptArgs {
  readonly head: Head;
  /** This project's Pulumi.yaml, and the Flux version of its pins. */
  readonly project: string;
  readonly versions: Versions;
  readonly repository: { readonly url: string | undefined; readonly branch: string };
  /** What was left out while reading: too large, too many. */
  readonly skipped: readonly Finding[];
}

export interface Adoption {
  readonly system: System;
  /** File to text. */
  readonly configuration: Files;
  /** Why the configuration does not validate; empty when it does. */
  readonly problems: string;
  readonly findings: readonly Finding[];
  /** Empty when the configuration does not validate. */
  readonly stages: readonly StageChanges[];
  /** People's files. */
  readonly kept: readonly string[];
}

function resolved(files: Files): Fleet | string {
  try {
    return resolve(sourcesOf(files));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

const byPlace = (a: Finding, b: Finding): number => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1);

function findings(all: Read, system: System): readonly Finding[] {
  return [
    ...all.findings,
    ...systemMistakes(all, system),
    ...policyMistakes(all, system),
    ...fluxMistakes(all, system),
    ...markerMistakes(all, system),
    ...unapplied(all, system),
  ];
}

/** Everything that the command says; nothing is written, and the same head gives the same answer. */
export function adopt({ head, project, versions, repository, skipped }: AdoptArgs): Adoption {
  const all = read(Object.fromEntries(head.texts));
  const system = systemOf(all);
  const files = configuration({ system, project, repository });
  const fleet = resolved(files);
  const isFleet = typeof fleet !== "string";
  return {
    system,
    configuration: files,
    problems: isFleet ? "" : fleet,
    findings: [...skipped, ...findings(all, system)].toSorted(byPlace),
    stages: isFleet ? changes({ fleet, versions, head, read: all }) : [],
    kept: isFleet ? kept(fleet, versions, head) : [],
  };
}
