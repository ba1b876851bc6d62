import { remotes } from "./remotes.ts";
import type { Provider } from "./resource.ts";
import { tree, treeWork } from "./tree/tree.ts";

/** The package `gitops`. Type tokens are in every stack's state: they are never renamed. */
export function gitops(): Provider {
  const open = remotes();
  let loaded: ReturnType<NonNullable<Provider["others"]>> | undefined;
  const others = () => {
    loaded ??= import("./others.ts").then((module) => module.others(open));
    return loaded;
  };
  return {
    name: "gitops",
    version: "0.1.0",
    // Begins a run of the engine: its token, and a fresh look at the remote.
    configure: ({ token }) => open.restart(typeof token === "string" && token !== "" ? token : undefined),
    prepare: () => Promise.all([others(), treeWork()]),
    // A living stage's run begins with its tree, and a plugin that the engine starts to check its configuration needs none.
    resources: { "gitops:index:Tree": tree(open) },
    others,
  };
}
