/** All that the program makes for a stage's cluster before any machine: authorities, tokens, the administrator's certificate. */
import { type Admin, days, type Material, newAdmin, newMaterial } from "../provider/pki/material.ts";

export type ClusterPki = Material & Admin;

export async function clusterPki(name: string): Promise<ClusterPki> {
  const now = new Date();
  const material = await newMaterial(name, now);
  return { ...material, ...(await newAdmin(material, name, { now, until: days(365, now) })) };
}
