/**
 * A MODEL of a GitOps repository's branch with everybody who writes to it: whoever would wait for the network or for git waits
 * for a turn, and the turns are drawn from a seed. The publishers are the real `publish` and `plan`.
 */
import type { Remote } from "../stacks/publish/git.ts";
import { GitError } from "../stacks/publish/git-failure.ts";
import { isManifest, manifestPath } from "../stacks/publish/ownership.ts";
import type { Head, Snapshot } from "../stacks/publish/snapshot.ts";
import { keptSites, withoutValues } from "../stacks/tree/setters.ts";
import { applied, entriesOf, type Files } from "./heads.ts";
import type { Turns } from "./turns.ts";

export type Author = "publisher" | "flux" | "person" | "bootstrap";

interface Commit {
  readonly files: Files;
  readonly parent: number;
  readonly by: Author;
}

/** Texts are few, and histories many. */
function remembered<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text) ?? work(text);
    known.set(text, found);
    return found;
  };
}

const values = remembered(
  (text) => new Map(keptSites(text).map(({ marker, source }) => [`${marker.policy} ${marker.part}`, source])),
);
const configured = remembered(withoutValues);

const listedBy = (files: Files, manifest: string): readonly string[] => {
  const text = files.get(manifest);
  return text === undefined ? [] : JSON.parse(text).files;
};

/** What a publisher's commit must never do to the one that it is built on; empty when it does nothing of the kind. */
export function harm(cluster: string, [before, after]: readonly [Files, Files], seen?: Head): readonly string[] {
  const own = manifestPath(cluster);
  const mine = new Set(listedBy(before, own));
  const others = [...before.keys()].filter((path) => isManifest(path) && path !== own);
  const shared = new Set(others.flatMap((manifest) => listedBy(before, manifest)));
  return [...before].flatMap(([path, text]) => {
    const now = after.get(path);
    if (now === text || path === own) return [];
    const isPlaceholder = /\/gotk-(sync|components)\.yaml$/.test(path) && text === "";
    const lost =
      now === undefined ? [] : [...values(text)].filter(([id, value]) => (values(now).get(id) ?? value) !== value);
    const unseen = seen && configured(seen.texts.get(path) ?? "") !== configured(text);
    return [
      ...(mine.has(path) || shared.has(path) || isPlaceholder ? [] : [`${path} is people's, and was changed`]),
      ...(now === undefined && shared.has(path) ? [`${path} is still used, and was removed`] : []),
      ...lost.map(([id, value]) => `${path}: ${id} lost ${value}`),
      ...(unseen ? [`${path} was edited after the preview, and overwritten`] : []),
    ];
  });
}

/** Files that belong to a stage by their place, and to nobody by a manifest. */
export function orphans(files: Files, people: ReadonlySet<string>): readonly string[] {
  const listed = new Set([...files.keys()].filter(isManifest).flatMap((manifest) => listedBy(files, manifest)));
  const known = (path: string) => listed.has(path) || isManifest(path) || people.has(path);
  return [...[...files.keys()].filter((path) => !known(path)), ...[...listed].filter((path) => !files.has(path))];
}

export class Branch {
  readonly commits: Commit[];
  readonly harm: string[] = [];
  readonly counts = { races: 0, lostAnswers: 0, refusals: 0 };
  readonly #turns: Turns;
  readonly #draw: () => number;
  readonly #made = new Map<string, Commit>();

  constructor(turns: Turns, draw: () => number, commits: readonly Commit[] = []) {
    this.#turns = turns;
    this.#draw = draw;
    this.commits = [...commits];
  }

  get head(): number {
    return this.commits.length - 1;
  }

  files(commit = this.head): Files {
    return this.commits[commit]?.files ?? new Map();
  }

  /** Git's compare and swap. */
  #append(commit: Commit): boolean {
    if (commit.parent !== this.head) return false;
    this.commits.push(commit);
    return true;
  }

  /** What a person or Flux does: look, think, push; `false` when somebody was faster. `undefined` leaves all as it is. */
  async edit(by: Author, change: (files: Files) => Files | undefined): Promise<boolean> {
    await this.#turns.take();
    const parent = this.head;
    const files = change(this.files());
    await this.#turns.take();
    return files === undefined || this.#append({ files, parent, by });
  }

  /** The remote as a publisher of a stage has it; now and then the answer to a push that got in is lost. */
  remote(stage: string, seen: () => Head | undefined): Remote {
    const at = ({ commit }: Snapshot) => (commit === undefined ? -1 : Number(commit));
    return {
      prepare: () => undefined,
      tip: async () => (this.head < 0 ? undefined : `${this.head}`),
      fetch: async () => {
        await this.#turns.take();
        const commit = this.head < 0 ? undefined : `${this.head}`;
        return { commit, entries: entriesOf(this.files()) };
      },
      texts: async (snapshot, paths) => {
        const files = this.files(at(snapshot));
        return new Map([...paths].flatMap((path) => (files.has(path) ? [[path, files.get(path) ?? ""] as const] : [])));
      },
      log: async () => "",
      commit: async ({ parent, changes }) => {
        const id = `made-${this.#made.size}`;
        const before = parent === undefined ? -1 : Number(parent);
        this.#made.set(id, { files: applied(this.files(before), changes), parent: before, by: "publisher" });
        return id;
      },
      push: async (id) => {
        await this.#turns.take();
        const made = this.#made.get(id);
        if (!made || !this.#append(made)) {
          this.counts.races++;
          return false;
        }
        this.harm.push(...harm(`clusters/${stage}`, [this.files(made.parent), made.files], seen()));
        await this.#turns.take();
        if (this.#draw() > 0.05) return true;
        this.counts.lostAnswers++;
        throw new GitError("unreachable", "the answer was lost");
      },
      close: () => undefined,
    };
  }
}
