/** One publish by the provider's own functions, in a process that a test may kill; the tree's inputs come as JSON. */
import { remotes } from "../provider/remotes.ts";
import { tree } from "../provider/tree/tree.ts";

const request = {
  urn: "urn:pulumi:prod::project::gitops:index:Tree::prod",
  log: async () => undefined,
  signal: new AbortController().signal,
  secrets: new Set<string>(),
};
const resource = tree(remotes());
const inputs = JSON.parse(process.argv[2] ?? "{}");
const checked = await resource.check?.({ ...request, inputs, oldInputs: {} });
if (!checked || checked.failures) throw new Error(JSON.stringify(checked?.failures));
await resource.create({ ...request, inputs: checked.inputs, preview: false, timeout: 0 });
