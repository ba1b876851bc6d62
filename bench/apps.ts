/** How reading, rendering, publishing, `explain` and the matrix grow with the apps: from 10 to 1,000, in three stages. */
import { bookkeeping } from "../provider/tree/bookkeeping.ts";
import { treeProperties } from "../provider/tree/inputs.ts";
import { readPins } from "../stacks/config/files.ts";
import type { Fleet } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { explanation } from "../stacks/explain/explanation.ts";
import { clustersOf } from "../stacks/explain/offers.ts";
import { render } from "../stacks/gitops/render.ts";
import { versionsOf } from "../stacks/gitops/versions.ts";
import { matrix } from "../stacks/matrix/matrix.ts";
import { blobId } from "../stacks/publish/git-format.ts";
import { type Plan, plan } from "../stacks/publish/merge.ts";
import { manifestPath, manifestText } from "../stacks/publish/ownership.ts";
import type { Head } from "../stacks/publish/snapshot.ts";
import { configuration } from "./applications.ts";
import { type Row, spread, timedPair } from "./measure.ts";

const versions = versionsOf(readPins(`${import.meta.dirname}/..`));
const stage = "prod";
const path = "clusters/production";

/** A repository in which all stages are published. */
function published(fleet: Fleet): Head {
  const trees = fleet.stages.map((each) => {
    const { files, placeholders } = render(fleet, each.name, versions);
    const list = [manifestPath(each.path), manifestText(each.name, Object.keys(files))] as const;
    return [...Object.entries(files), ...placeholders.map((file) => [file, ""] as const), list];
  });
  const texts = new Map(trees.flat());
  const entries = new Map([...texts].map(([file, text]) => [file, { kind: "file", id: blobId(text) } as const]));
  return { commit: "0".repeat(40), entries, texts };
}

const edited = (texts: { readonly [file: string]: string }) => ({
  ...texts,
  [`Pulumi.${stage}.yaml`]: (texts[`Pulumi.${stage}.yaml`] ?? "").replace("replicas: 2", "replicas: 3"),
});

/** So many apps: what is asked of them, and how large the answers are. */
function system(apps: number) {
  const texts = configuration(apps);
  const fleet = resolve(sourcesOf(texts));
  const head = published(fleet);
  const { files, placeholders } = render(fleet, stage, versions);
  const planned = (wanted: Fleet): Plan => {
    const desired = new Map(Object.entries(render(wanted, stage, versions).files));
    return plan({ stage, path, desired, placeholders, head });
  };
  const change = planned(resolve(sourcesOf(edited(texts))));
  const changes = change.kind === "commit" ? change.changes : [];
  const tree = new Map(Object.entries(files));
  const inputs = { stage, url: "", branch: "", path, files: tree, placeholders, ...bookkeeping(tree) };
  return {
    render: () => render(fleet, stage, versions),
    plan: () => planned(fleet),
    explain: () => explanation(head.texts, { image: "ghcr.io/acme/app-00000", tag: "v1.9.33", isLive: true }),
    matrix: () => {
      const clusters = clustersOf(head.texts, true);
      return matrix({ clusters, moved: new Map(), known: new Map(), order: fleet.stages.map(({ name }) => name) });
    },
    state: JSON.stringify(treeProperties(inputs)).length,
    difference: changes.reduce((sum, each) => sum + (each.kind === "delete" ? 0 : each.text.length), 0),
  };
}

const times = ["render", "plan", "explain", "matrix"] as const;
const sizes = ["state", "difference"] as const;

const words = {
  render: "render one stage",
  plan: "render and plan one stage, nothing to change",
  explain: "explain a tag",
  matrix: "matrix, without the network",
  state: "state of one stage's tree",
  difference: "files that a preview shows for one app's edit",
} as const;

async function growth(apps: number): Promise<readonly Row[]> {
  const [all, tenth] = [system(apps), system(apps / 10)];
  const rows: Row[] = [];
  for (const name of times) {
    const floor = () => Array.from({ length: 10 }, () => tenth[name]());
    const measure = `${words[name]}, ${apps} apps / 10 × ${apps / 10}`;
    rows.push({ measure, ...(await timedPair(3, { ours: all[name], floor })), goal: 1.5 });
  }
  for (const name of sizes) {
    const factor = name === "state" ? 10 : 1;
    const measure = `${words[name]}, ${apps} apps / ${factor === 1 ? "" : "10 × "}${apps / 10}`;
    rows.push({ measure, unit: "bytes", ours: spread([all[name]]), floor: spread([factor * tenth[name]]), goal: 1.1 });
  }
  return rows;
}

export const benchApps = async (): Promise<readonly Row[]> => [...(await growth(100)), ...(await growth(1000))];
