import type { Problem } from "../error.ts";
import { didYouMean } from "../parse.ts";
import type { Written } from "../schema/schema.ts";

const at = (path: Problem["path"], message: string): Problem => ({ file: "Pulumi.yaml", path, message });

/** What a provider cannot do without; Flux would find out at the first event (notification-controller docs, providers). */
function providerProblems({ shared }: Written): readonly Problem[] {
  const stages = shared.stages.map(({ name }) => name);
  return Object.entries(shared.notifications?.providers ?? {}).flatMap(([name, provider]) => {
    const path = ["notifications", "providers", name];
    const { type, address, secret } = provider;
    const unknown = (provider.stages ?? []).flatMap((stage, index) =>
      stages.includes(stage)
        ? []
        : [at([...path, "stages", index], `there is no stage ${stage}${didYouMean(stage, stages)}`)],
    );
    return [
      ...unknown,
      ...(type === "github" && !address
        ? [at([...path, "address"], "missing (https://github.com/<owner>/<repository>)")]
        : []),
      ...(type === "github" && !secret ? [at([...path, "secret"], "missing (a Secret with the key token)")] : []),
      ...(address || secret || type === "github"
        ? []
        : [at(path, "needs an address, or a Secret with the key address")]),
    ];
  });
}

function receiverProblems({ shared, stacks }: Written): readonly Problem[] {
  const receivers = Object.keys(shared.notifications?.receivers ?? {});
  const hosts = Object.entries(stacks).filter(([, { webhooks }]) => webhooks);
  if (receivers.length > 0 && hosts.length === 0) {
    const message = "nothing can call them: give at least one Pulumi.<stage>.yaml webhooks.host";
    return [at(["notifications", "receivers"], message)];
  }
  if (receivers.length > 0) return [];
  const message = "there is no receiver to call; add notifications.receivers to Pulumi.yaml";
  return hosts.map(([stage]) => ({ file: `Pulumi.${stage}.yaml`, path: ["webhooks"], message }));
}

/** A host has one owner, as with apps: its certificate and its address are one cluster's. */
function hostProblems({ stacks }: Written): readonly Problem[] {
  const taken = Object.entries(stacks).flatMap(([stage, { overrides }]) =>
    Object.entries(overrides).flatMap(([app, { hosts }]) =>
      [...hosts.http, ...hosts.https].map((host) => ({ host, owner: `${app} in ${stage}` })),
    ),
  );
  const webhooks = Object.entries(stacks).map(([stage, own]) => ({ stage, host: own.webhooks?.host }));
  return webhooks.flatMap(({ stage, host }, index) => {
    const earlier = webhooks.slice(0, index).find((each) => each.host === host);
    const owner = taken.find((each) => each.host === host)?.owner ?? (earlier && `the webhooks of ${earlier.stage}`);
    const message = `${host} already belongs to ${owner}; a host has one owner`;
    return host && owner ? [{ file: `Pulumi.${stage}.yaml`, path: ["webhooks", "host"], message }] : [];
  });
}

/** The rules of alerts and webhooks that compare values. */
export const crosscheckNotifications = (written: Written): readonly Problem[] => [
  ...providerProblems(written),
  ...receiverProblems(written),
  ...hostProblems(written),
];
