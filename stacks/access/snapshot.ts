/** SHELL: the etcd snapshot that a first server begins with, at an address that works for a day. */
import * as pulumi from "@pulumi/pulumi";
import { restores } from "../cluster/plan/pools.ts";
import { presigned, type StoreKeys } from "../cluster/presign.ts";
import type { Cluster } from "../config/cluster.ts";

const day = 24 * 60 * 60;

/** Nothing where the stage begins with no snapshot. The keys themselves never get to a machine. */
export function restoredFrom(cluster: Cluster, keys: pulumi.Output<StoreKeys> | undefined) {
  const { restore, snapshots } = cluster;
  if (!(restore && snapshots && keys && restores(cluster))) return {};
  const { endpoint, bucket, region, folder } = snapshots;
  const object = { endpoint, bucket, region, key: `${folder}/${restore.snapshot}` };
  const snapshot = keys.apply((own) => presigned(object, own, { now: new Date(), seconds: day }));
  return { snapshot: pulumi.secret(snapshot) };
}
