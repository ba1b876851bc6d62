/**
 * The pods of flux-system, as processes on loopback: each runs the controller's real binary with the arguments that its
 * Deployment has in the cluster. Only addresses and folders differ, and how soon a dependency is looked at again.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../../sandbox/ports.ts";
import { built } from "./build.ts";
import type { KubernetesClient } from "./client.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { tools } from "./modules.ts";
import { until } from "./until.ts";

/** Of the Deployment, whose binary `tools` knows. */
const controllers = {
  "source-controller": tools.source,
  "kustomize-controller": tools.kustomize,
  "image-reflector-controller": tools.imageReflector,
  "image-automation-controller": tools.imageAutomation,
  "notification-controller": tools.notification,
} as const;

export type ControllerName = keyof typeof controllers;

const allControllers = Object.keys(controllers) as readonly ControllerName[];

export interface Controllers {
  /** Where webhooks are posted to. */
  readonly receiver: string;
  /** Last lines of each. */
  logs(lines?: number): string;
  log(name: ControllerName, lines?: number): string;
  stop(): Promise<void>;
}

export interface ControllersArgs {
  readonly client: KubernetesClient;
  readonly kubeconfigFile: string;
  readonly folder: string;
  /** Where they find what this machine's network has not: proxies, authorities. */
  readonly env?: { readonly [name: string]: string };
}

interface Ports {
  readonly metrics: number;
  readonly health: number;
  readonly storage: number;
}

interface Shared {
  readonly events: number;
  /** Empty when nobody listens. */
  readonly eventsUrl: string;
  readonly receiver: number;
}

const at = (port: number): string => `127.0.0.1:${port}`;

/** Flags of the Deployment, the pod's own addresses and folders replaced by ones of this machine. */
function flags(name: ControllerName, given: readonly string[], own: Ports & Shared & { readonly data: string }) {
  const local: { readonly [flag: string]: string } = {
    "metrics-addr": at(own.metrics),
    "health-addr": at(own.health),
    "events-addr": name === "notification-controller" ? at(own.events) : own.eventsUrl,
    ...(name === "notification-controller" ? { receiverAddr: at(own.receiver) } : {}),
    ...(name === "kustomize-controller" ? { "requeue-dependency": "2s" } : {}),
    ...(name === "image-reflector-controller" ? { "storage-path": own.data } : {}),
    ...(name === "source-controller"
      ? { "storage-path": own.data, "storage-addr": at(own.storage), "storage-adv-addr": at(own.storage) }
      : {}),
  };
  const nameOf = (flag: string) => flag.replace(/^--/, "").replace(/=.*$/, "");
  // It is a lock among replicas, and names the namespace by a file of the pod.
  const kept = given.filter((flag) => !(nameOf(flag) in local) && nameOf(flag) !== "enable-leader-election");
  return [...kept, ...Object.entries(local).map(([flag, value]) => `--${flag}=${value}`)];
}

async function start(
  name: ControllerName,
  args: ControllersArgs,
  shared: Shared,
): Promise<Daemon & { health: number }> {
  const { client, kubeconfigFile, folder } = args;
  const reference = { apiVersion: "apps/v1", kind: "Deployment", name, namespace: "flux-system" };
  const deployment = await until({ what: `the Deployment ${name}`, within: 300 }, () => client.get(reference));
  const given: readonly string[] = deployment["spec"].template.spec.containers[0].args ?? [];
  const [metrics = 0, health = 0, storage = 0] = await freePorts(3);
  const own = join(folder, name);
  const data = join(own, "data");
  const temporary = join(own, "tmp");
  for (const each of [data, temporary]) mkdirSync(each, { recursive: true });
  const env = {
    ...args.env,
    KUBECONFIG: kubeconfigFile,
    RUNTIME_NAMESPACE: "flux-system",
    TMPDIR: temporary,
    HOME: own,
  };
  const binary = join(await built(controllers[name]), name);
  const flagsOfPod = flags(name, given, { metrics, health, storage, data, ...shared });
  return { ...startDaemon({ name, file: binary, args: flagsOfPod, env, folder: own }), health };
}

async function healthy({ health, running, name, log }: Daemon & { health: number }): Promise<void> {
  await until({ what: name, state: () => log() }, async () => {
    if (!running()) throw new Error(`${name} ended:\n${log()}`);
    const answer = await fetch(`http://${at(health)}/readyz`).catch(() => undefined);
    return answer?.ok;
  });
}

export async function startControllers(
  args: ControllersArgs,
  names: readonly ControllerName[] = allControllers,
): Promise<Controllers> {
  const [events = 0, receiver = 0] = await freePorts(2);
  const eventsUrl = names.includes("notification-controller") ? `http://${at(events)}/` : "";
  const daemons = await Promise.all(names.map((name) => start(name, args, { events, eventsUrl, receiver })));
  const stop = async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  };
  await Promise.all(daemons.map(healthy)).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    receiver: `http://${at(receiver)}`,
    logs: (lines) => daemons.map(({ name, log }) => `${name}:\n${log(lines)}`).join("\n"),
    log: (name, lines) => daemons.find((daemon) => daemon.name === name)?.log(lines) ?? "",
    stop,
  };
}
