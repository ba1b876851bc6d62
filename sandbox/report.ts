/** What a run of the sandbox found, for people on the terminal and for machines in `.sandbox/report.json`. */
export interface Check {
  readonly name: string;
  readonly held: boolean;
  readonly detail: string;
}

/** Which tag a stage's repository files run, and the commit that wrote it. */
export interface RunningTag {
  readonly app: string;
  readonly tag: string;
  readonly commit: string;
}

export interface StageReport {
  readonly stage: string;
  readonly nodes: readonly string[];
  readonly apps: readonly RunningTag[];
}

export interface Report {
  readonly checks: readonly Check[];
  readonly stages: readonly StageReport[];
}

/** Collects what held and what did not, and says each on a line as soon as it is known. */
export class Checks {
  readonly all: Check[] = [];

  add(name: string, held: boolean, detail: string): void {
    this.all.push({ name, held, detail });
    console.log(`  ${held ? "held  " : "FAILED"} ${name}${held ? "" : `: ${detail}`}`);
  }

  get held(): boolean {
    return this.all.every((check) => check.held);
  }
}
