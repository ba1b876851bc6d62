import type { ChosenTag } from "../../stacks/preview/chosen.ts";
import type { Effect } from "../../stacks/preview/effect.ts";
import type { PolicyChange } from "../../stacks/preview/tree-changes.ts";
import { wrapped } from "../wrap.ts";

/** A part of the report: its heading, and a line for each thing. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

const signs = { create: "+", update: "~", replace: "!", delete: "-" } as const;

/** Many files may change in one property; the files themselves are listed below. */
const shown = 4;

function reasons(why: readonly string[]): string {
  const more = why.length > shown ? `, and ${why.length - shown} more` : "";
  return why.length > 0 ? ` (${why.slice(0, shown).join(", ")}${more})` : "";
}

const line = ({ policy, from, to }: PolicyChange | ChosenTag): string =>
  `${policy}: ${from ?? "none"} -> ${to ?? "none"}`;

/** Of a policy that keeps its filter only the order is told, with its range. */
function policyLine({ policy, from, to }: PolicyChange): string {
  const parts = [from, to].map((each) => /^(.*) (\{"(?:semver|numerical|alphabetical)".*)$/.exec(each ?? "") ?? []);
  const [[, filter, order = ""] = [], [, other, next = ""] = []] = parts;
  return filter !== undefined && filter === other ? `${policy}: ${order} -> ${next}` : line({ policy, from, to });
}

function choices({ chosen }: Effect): readonly string[] {
  const unknown = chosen?.unknown ?? [];
  return [...(chosen?.tags ?? []).map(line), ...unknown.map((each) => `not known of ${each}`)];
}

const policiesTitle = "Policies";

/** What everybody should see first, before any diff. */
export function sections(effect: Effect) {
  const { price, dangers, errors, warnings, resources, images, writers, policies, pruned } = effect;
  const all: readonly Section[] = [
    { title: "Errors", lines: errors },
    { title: "Danger", lines: dangers },
    { title: "Price", lines: price === null ? [] : price.split("\n") },
    {
      title: "Resources",
      lines: resources.map(
        ({ change, name, type, why }) => `${signs[change]} ${name} ${type.split(":").at(-1)}${reasons(why)}`,
      ),
    },
    { title: "Images", lines: images.map(line) },
    { title: "Who moves the tag", lines: writers.map(line) },
    { title: policiesTitle, lines: policies.map(policyLine) },
    { title: "Tags that policies would choose", lines: choices(effect) },
    { title: "Removed from the cluster", lines: pruned.map(({ object, file }) => `${object} (${file})`) },
    { title: "Warnings", lines: warnings },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

export function headline({ stage, resources, files, dangers, errors, isChange }: Effect): string {
  if (errors.length > 0) return `${stage}: the preview failed`;
  if (!isChange) return `${stage}: nothing to change`;
  const counts = (["create", "update", "replace", "delete"] as const).flatMap((kind) => {
    const count = resources.filter(({ change }) => change === kind).length;
    return count > 0 ? [`${count} to ${kind}`] : [];
  });
  const parts = [...counts, ...(files.length > 0 ? [`${files.length} file${files.length > 1 ? "s" : ""}`] : [])];
  return `${stage}: ${parts.join(", ")}${dangers.length > 0 ? `; danger: ${dangers.length}` : ""}`;
}

/** What a line break would make something else of. */
const isData = (title: string): boolean => title === policiesTitle;

export function effectText(effect: Effect): string {
  const told = sections(effect).flatMap(({ title, lines }) => {
    const all = lines.flatMap((each) => each.split("\n"));
    return ["", title, ...all.flatMap((each) => (isData(title) ? `  ${each}` : wrapped(each)))];
  });
  const files = effect.files.flatMap(({ path, change, diff }) => ["", `${signs[change]} ${path}`, diff]);
  return [headline(effect), ...told, ...files].join("\n");
}
