import { stringify } from "yaml";

const stages = [
  { name: "dev", path: "clusters/dev", channel: { prerelease: "develop" }, tag: "v1.9.32-develop.2" },
  { name: "stage", path: "clusters/stage", channel: { prerelease: "stage" }, tag: "v1.9.32-stage.1" },
  { name: "prod", path: "clusters/production", channel: "stable", tag: "v1.9.31" },
];

const app = (name: string) => ({
  image: `ghcr.io/acme/${name}`,
  ports: { container: 8080, service: 80 },
  ingress: ["http", "https"],
  issuer: "letsencrypt",
});

const override = (name: string, stage: string, tag: string) => ({
  tag,
  replicas: 2,
  hosts: { http: [`${name}.${stage}.example.com`], https: [`${name}.${stage}.example.com`] },
  env: { LOG_LEVEL: "info", STAGE: stage },
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
});

const cluster = {
  location: "nbg1",
  network: "10.20.0.0/16",
  servers: { count: 1, type: "cpx22", subnet: "10.20.0.0/24" },
  api: { allow: ["203.0.113.0/24"] },
};

const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `app-${String(index).padStart(5, "0")}`);

/** So many apps as files of their own, of which so many first ones run in every stage and the others in dev only. */
export function appFiles(count: number, everywhere: number): { readonly [file: string]: string } {
  const files = namesOf(count).map((name, index) => {
    const where = stages.filter((stage) => index < everywhere || stage.name === "dev");
    const overrides = Object.fromEntries(where.map((stage) => [stage.name, override(name, stage.name, stage.tag)]));
    const text = stringify({ ...app(name), stages: where.map((stage) => stage.name), overrides });
    return [`apps/${name}.yaml`, text] as const;
  });
  return Object.fromEntries(files);
}

/** The files of a project with three stages, each with all of so many apps. */
export function configuration(count: number): { readonly [file: string]: string } {
  const names = namesOf(count);
  const shared = {
    repository: { url: "ssh://git@github.com/acme/gitops" },
    stages: stages.map(({ name, path, channel }) => ({ name, path, channel })),
    apps: Object.fromEntries(names.map((name) => [name, app(name)])),
    infrastructure: { "cert-manager": { email: "ops@example.com" } },
  };
  const config = Object.fromEntries(Object.entries(shared).map(([key, value]) => [key, { value }]));
  const stacks = stages.map(({ name: stage, tag }) => {
    const overrides = Object.fromEntries(names.map((name) => [name, override(name, stage, tag)]));
    const own = { "bench:cluster": cluster, "bench:overrides": overrides };
    return [`Pulumi.${stage}.yaml`, stringify({ config: own })] as const;
  });
  return { "Pulumi.yaml": stringify({ name: "bench", config }), ...Object.fromEntries(stacks) };
}
