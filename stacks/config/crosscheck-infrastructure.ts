import { crosscheckFolders } from "./crosscheck-folders.ts";
import type { Problem } from "./error.ts";
import { unorderable } from "./order.ts";
import { didYouMean } from "./parse.ts";
import { acmeIssuers, certManager, hcloudCsi } from "./presets.ts";
import type { Written } from "./schema.ts";

const at = (path: Problem["path"], message: string): Problem => ({ file: "Pulumi.yaml", path, message });

const presets = [certManager.name, hcloudCsi.name];

/** The charts that are there, presets included, by name. */
function chartNames({ shared: { infrastructure } }: Written): readonly string[] {
  const { charts = {}, "cert-manager": certificates, "hcloud-csi": volumes } = infrastructure ?? {};
  const used = [certificates && certManager.name, volumes && hcloudCsi.name];
  return [...used.flatMap((name) => name ?? []), ...Object.keys(charts)];
}

function chartProblems(written: Written): readonly Problem[] {
  const charts = Object.entries(written.shared.infrastructure?.charts ?? {});
  const known = chartNames(written);
  const path = ["infrastructure", "charts"];
  return [
    ...charts
      .filter(([name]) => presets.includes(name))
      .map(([name]) => at([...path, name], `has typed defaults: move it to infrastructure.${name}`)),
    ...unorderable(
      charts.map(([name, { dependsOn }]) => ({ name, dependsOn })),
      known,
    ).map(({ name, index, message }) => at([...path, name, "dependsOn", index], message)),
  ];
}

function stageChartProblems(written: Written): readonly Problem[] {
  const known = chartNames(written);
  return Object.entries(written.stacks).flatMap(([stage, own]) =>
    Object.keys(own.charts)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        file: `Pulumi.${stage}.yaml`,
        path: ["charts", name],
        message: `there is no chart ${name} in Pulumi.yaml${didYouMean(name, known)}`,
      })),
  );
}

/** Two installations of one driver would take each other's volumes apart. */
function volumeProblems({ shared: { infrastructure }, stacks }: Written): readonly Problem[] {
  if (!infrastructure?.["hcloud-csi"]) return [];
  const stages = Object.entries(stacks).filter(([, { cluster }]) => cluster.cloudProvider === "hcloud");
  if (stages.length === 0) return [];
  const there = stages.map(([stage]) => stage).join(", ");
  const message = `the clusters of ${there} bring it (cluster.cloudProvider: hcloud); remove it, or use none there`;
  return [at(["infrastructure", hcloudCsi.name], message)];
}

/** A certificate that nobody issues is waited for without end, so an issuer has to be made here or named as made elsewhere. */
function issuerProblems({ shared, stacks }: Written): readonly Problem[] {
  const { infrastructure, apps } = shared;
  // Nothing is said about what the cluster runs besides its apps, so nothing is known about issuers.
  if (!infrastructure) return [];
  const known = [...(infrastructure["cert-manager"] ? acmeIssuers : []), ...infrastructure.issuers];
  const used = [
    ...Object.entries(apps).map(([name, { issuer }]) => ({ ...at(["apps", name, "issuer"], ""), issuer })),
    ...Object.entries(stacks).map(([stage, { webhooks }]) => {
      return { file: `Pulumi.${stage}.yaml`, path: ["webhooks", "issuer"], issuer: webhooks?.issuer };
    }),
  ];
  return used.flatMap(({ file, path, issuer }) => {
    if (issuer === undefined || known.includes(issuer)) return [];
    const out = "add infrastructure.cert-manager for letsencrypt, or name it in infrastructure.issuers";
    return [{ file, path, message: `nobody makes a ClusterIssuer ${issuer}; ${out}${didYouMean(issuer, known)}` }];
  });
}

/** The rules of what runs beside the apps that compare values: names, order, issuers, folders. */
export const crosscheckInfrastructure = (written: Written): readonly Problem[] => [
  ...chartProblems(written),
  ...stageChartProblems(written),
  ...volumeProblems(written),
  ...issuerProblems(written),
  ...crosscheckFolders(written),
];
