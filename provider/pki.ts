import { outOfReach } from "./out-of-reach.ts";
import type { Material } from "./pki/material.ts";
import type { CheckFailure, Resource, UpdateRequest } from "./resource.ts";
import { type Properties, secret, unknown, type Value } from "./values.ts";

const day = 24 * 60 * 60 * 1000;
const validFor = 365 * day;
/** The first `up` within this span of its end renews the admin certificate; k3s renews its own at the same distance. */
const renewWithin = 120 * day;

/** A common name has at most 64 characters (RFC 5280), and the longest suffix is -request-header-ca. */
const clusterName = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

const rotations = ["adminRotation", "agentRotation"];

function failures({ cluster, ...rest }: Properties): readonly CheckFailure[] {
  const others = Object.keys(rest).filter((name) => !rotations.includes(name));
  const valid = typeof cluster === "string" && (cluster === unknown || clusterName.test(cluster));
  const name = { property: "cluster", reason: "use 1 to 40 lowercase letters, digits and '-'" };
  const surplus = others.map((property) => ({
    property,
    reason: `is no input here; Pki takes cluster, ${rotations.join(", ")}`,
  }));
  return valid ? surplus : [name, ...surplus];
}

/** Midnight UTC: a preview and the `up` after it name the same moment. */
function expiry(known: Value | undefined, now: Date): string {
  if (typeof known === "string" && Date.parse(known) - now.getTime() > renewWithin) return known;
  return `${new Date(now.getTime() + validFor).toISOString().slice(0, 10)}T00:00:00.000Z`;
}

const open = ["caCertificate", "rootCertificate", "adminCertificate", "expires"];
const hidden = ["serverFiles", "serverToken", "agentToken", "rootKey", "adminKey"];

const marked = (values: Properties): Properties =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, hidden.includes(name) ? secret(value) : value]),
  );

const allUnknown: Properties = Object.fromEntries([...open, ...hidden].map((name) => [name, unknown]));

/** @peculiar/x509 takes longer to load than the rest of the plugin, and most runs do not need it. */
const generator = () => import("./pki/material.ts");

async function admin(files: Pick<Material, "serverFiles">, inputs: Properties, now: Date) {
  const { newAdmin } = await generator();
  const expires = String(inputs["expires"]);
  return { ...(await newAdmin(files, String(inputs["cluster"]), { now, until: new Date(expires) })), expires };
}

/** What the changed inputs are about, and nothing else. */
async function renewed({ inputs, oldInputs, oldOutputs, preview }: UpdateRequest, now: Date): Promise<Properties> {
  const isOther = (name: string) => inputs[name] !== oldInputs[name];
  const unknownAdmin = { adminCertificate: unknown, adminKey: unknown, expires: String(inputs["expires"]) };
  const make = await generator();
  const root = String(oldOutputs["rootCertificate"]);
  // What create wrote is in the state as it was.
  const newAdmin = () => (preview ? unknownAdmin : admin(oldOutputs as unknown as Material, inputs, now));
  return {
    ...(["cluster", "adminRotation", "expires"].some(isOther) ? await newAdmin() : {}),
    ...(isOther("agentRotation") ? { agentToken: preview ? unknown : make.newAgentToken(root) } : {}),
  };
}

/**
 * Certificate authorities, tokens and admin access of one cluster, made before any server exists. Only the admin certificate
 * and the agents' token are ever made again, each when its rotation is raised; the certificate also when its end comes near: that
 * is an input, which check moves on, so that a preview shows it. The servers' token is the one that the cluster is born with.
 */
export function pki(now = () => new Date()): Resource {
  return {
    async check(request) {
      const { oldInputs, log } = request;
      const { inputs, failures: unreached } = outOfReach(request, { rotation: "agentRotation", setting: "agentToken" });
      const known = inputs["adminRotation"] === oldInputs["adminRotation"] ? oldInputs["expires"] : undefined;
      const expires = expiry(known, now());
      if (known !== undefined && known !== expires) {
        const ends = `the kubeconfig's certificate ends on ${String(known).slice(0, 10)}`;
        await log("WARNING", `${ends}: this update makes one until ${expires.slice(0, 10)}; fetch the kubeconfig anew`);
      }
      return { inputs: { ...inputs, expires }, failures: [...failures(inputs), ...unreached] };
    },
    async create({ inputs, preview }) {
      if (preview) return { id: "", outputs: marked({ ...allUnknown, expires: String(inputs["expires"]) }) };
      const material = await (await generator()).newMaterial(String(inputs["cluster"]), now());
      const outputs = marked({ ...material, ...(await admin(material, inputs, now())) });
      return { id: String(inputs["cluster"]), outputs };
    },
    async update(request) {
      return { outputs: marked({ ...request.oldOutputs, ...(await renewed(request, now())) }) };
    },
  };
}
