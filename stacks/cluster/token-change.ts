import { type Fleet, type Known, servers } from "./made.ts";

const setting = "cluster.rotate.serverToken";

/** Servers that come or go in the same run, in words. */
function moving({ nodes: old }: Known, { nodes, skipped }: Fleet): readonly string[] {
  const added = servers(nodes).filter((name) => !old[name]);
  const going = servers(old).filter((name) => nodes[name]?.generation !== old[name]?.generation);
  return [...added, ...going].filter((name) => !skipped.includes(name));
}

const isRestored = ({ nodes: old }: Known, { nodes, restores }: Fleet): boolean =>
  restores !== undefined && nodes[restores]?.generation !== old[restores]?.generation;

/** Why servers may not take another token in this run. */
export function tokenProblems(old: Known, now: Fleet): readonly string[] {
  if (now.serverToken === old.serverToken) return [];
  if (now.serverToken < old.serverToken)
    return [
      `the servers' token would go from rotation ${old.serverToken} to ${now.serverToken}, and a rotation only rises. Set ` +
        `${setting} to ${old.serverToken} to keep it, to ${old.serverToken + 1} for another`,
    ];
  const again = `Put ${setting} back to ${old.serverToken} for this run`;
  if (!now.reached)
    return [
      `${setting} would take from the servers what they have, and with access: none nobody here brings them another token. ` +
        `${again}, or set cluster.access to direct for this update`,
    ];
  if (isRestored(old, now)) return [`the snapshot is read with the token of now, which would be another. ${again}`];
  const names = moving(old, now);
  if (names.length === 0) return [];
  return [
    `the servers that live would take another token while ${names.join(", ")} ${names.length > 1 ? "come or go" : "comes or goes"}. ` +
      `${again}, and raise it when that is done`,
  ];
}

/** What comes of it. */
export const tokenNotes = ({ serverToken: old }: Known, { serverToken }: Fleet): readonly string[] =>
  old === serverToken
    ? []
    : [
        "every server takes another token in this update, one after the other, and k3s starts again on each. Snapshots from " +
          "before are restored with the token of now: keep a `pulumi stack export` of it",
      ];
