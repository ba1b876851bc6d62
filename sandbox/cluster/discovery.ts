import { type Kind, kinds } from "./kinds.ts";

const verbs = ["get", "list", "create", "update", "patch", "delete"];

const resourceOf = ({ resource, kind, namespaced }: Kind) => ({
  ...{ name: resource, singularName: kind.toLowerCase(), kind, namespaced, verbs },
});

const versions = (known: readonly Kind[], group: string) => {
  const all = new Set(known.filter((kind) => kind.group === group).map(({ version }) => version));
  return [...all].map((version) => ({ groupVersion: group ? `${group}/${version}` : version, version }));
};

function groups(known: readonly Kind[]): object {
  const names = new Set(known.flatMap(({ group }) => (group ? [group] : [])));
  const all = [...names].map((name) => {
    const own = versions(known, name);
    return { name, versions: own, preferredVersion: own[0] };
  });
  return { kind: "APIGroupList", apiVersion: "v1", groups: all };
}

/** What kubectl asks before anything else, in the form from before aggregation; `undefined` for any other path. */
export function discovery(path: string, installed: boolean): object | undefined {
  const known = kinds.filter(({ flux }) => installed || !flux);
  if (path === "/api") return { kind: "APIVersions", versions: versions(known, "").map(({ version }) => version) };
  if (path === "/apis") return groups(known);
  const [, group = "", version] = /^\/(?:api|apis\/([^/]+))\/(v[^/]+)$/.exec(path) ?? [];
  const resources = known.filter((kind) => kind.group === group && kind.version === version).map(resourceOf);
  if (resources.length === 0) return undefined;
  const groupVersion = group ? `${group}/${version}` : version;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}
