import type { Problem } from "../error.ts";
import { didYouMean } from "../parse.ts";
import { acmeIssuers, certManager, hcloudCsi, traefik } from "../releases/presets.ts";
import type { Written } from "../schema/schema.ts";
import { crosscheckFolders } from "./folders.ts";
import { unorderable } from "./order.ts";

const at = (path: Problem["path"], message: string): Problem => ({ file: "Pulumi.yaml", path, message });

const presets = [certManager.name, hcloudCsi.name, traefik];

/** The charts that are there to wait for, presets included, by name. */
function chartNames({ shared: { infrastructure } }: Written): readonly string[] {
  const { charts = {}, "cert-manager": certificates, "hcloud-csi": volumes } = infrastructure ?? {};
  const used = [certificates && certManager.name, volumes && hcloudCsi.name];
  return [...used.flatMap((name) => name ?? []), ...Object.keys(charts)];
}

/** The stages that a chart is for; a preset is for all. */
function stagesOf(name: string, { shared: { infrastructure, stages } }: Written): readonly string[] {
  return infrastructure?.charts[name]?.stages ?? stages.map((stage) => stage.name);
}

/** A chart that is not in every stage: in none that there is, or without what it waits for. */
function placeProblems(written: Written): readonly Problem[] {
  const stages = written.shared.stages.map(({ name }) => name);
  const path = (...rest: Problem["path"]) => ["infrastructure", "charts", ...rest];
  return Object.entries(written.shared.infrastructure?.charts ?? {}).flatMap(([name, chart]) => [
    ...(chart.stages ?? []).flatMap((stage, index) =>
      stages.includes(stage)
        ? []
        : [at(path(name, "stages", index), `there is no stage ${stage}${didYouMean(stage, stages)}`)],
    ),
    ...chart.dependsOn.flatMap((other, index) => {
      const missing = stagesOf(name, written).find((stage) => !stagesOf(other, written).includes(stage));
      const message = `${other} does not run in ${missing}, where ${name} does; add ${missing} to its stages`;
      return missing === undefined ? [] : [at(path(name, "dependsOn", index), message)];
    }),
  ]);
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
  const known = [...chartNames(written), ...(written.shared.infrastructure?.traefik ? [traefik] : [])];
  const message = (name: string, stage: string): string | undefined => {
    if (name === traefik && !known.includes(name))
      return "add infrastructure.traefik: { values: {} } to Pulumi.yaml first";
    if (!known.includes(name)) return `there is no chart ${name} in Pulumi.yaml${didYouMean(name, known)}`;
    if (stagesOf(name, written).includes(stage)) return undefined;
    return `${name} does not run in ${stage}; add ${stage} to infrastructure.charts.${name}.stages in Pulumi.yaml`;
  };
  return Object.entries(written.stacks).flatMap(([stage, own]) =>
    Object.keys(own.charts).flatMap((name) => {
      const problem = message(name, stage);
      return problem ? [{ file: `Pulumi.${stage}.yaml`, path: ["charts", name], message: problem }] : [];
    }),
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
  ...placeProblems(written),
  ...stageChartProblems(written),
  ...volumeProblems(written),
  ...issuerProblems(written),
  ...crosscheckFolders(written),
];
