import { parse } from "semver";
import { tagPolicy } from "../stacks/config/channel.ts";
import { selectTag } from "../stacks/gitops/select.ts";
import { pair, type Row } from "./measure.ts";

const ids = Array.from({ length: 300 }, (_, index) => `branch-${index}`);
const tags = Array.from(
  { length: 10_000 },
  (_, index) => `v1.${index % 40}.${index % 90}-${ids[index % 300]}.${index}`,
);

/** The least that any reading needs: the filter on every tag, and every version that passes it parsed and compared. */
function filterAndCompare(pattern: string): void {
  const expression = new RegExp(pattern);
  let newest = parse("0.0.0-0");
  for (const tag of tags) {
    const version = expression.test(tag) ? parse(tag) : null;
    if (version && newest && version.compare(newest) > 0) newest = version;
  }
}

/** 300 policies, each over 10,000 tags, against regular expressions and npm's comparison alone. */
export async function benchSelect(): Promise<Row> {
  const policies = ids.map((id) => tagPolicy({ kind: "prerelease", id }));
  const result = await pair(3, {
    ours: () => policies.map((policy) => selectTag(policy, tags)),
    floor: () => policies.map(({ pattern }) => filterAndCompare(pattern)),
  });
  return { measure: "select from 10,000 tags by 300 policies / filter and compare", ...result, goal: 3 };
}
