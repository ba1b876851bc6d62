import { z } from "zod";
import { expression } from "./channel.ts";
import { decryption } from "./infrastructure.ts";
import { image, name, port, tag } from "./names.ts";

/** The schema of what the stages share of an application; a part of `schema.ts`. */

/** Kubernetes' own words and defaults. Success is one answer, as it has to be for liveness and startup. */
const probe = z.strictObject({
  path: z
    .string()
    .regex(/^\/[!-~]*$/, "use a path such as /healthz")
    .meta({ examples: ["/healthz"] })
    .exactOptional()
    .describe("answered with 200 to 399 over http; without one, a connection is enough"),
  periodSeconds: z.int().min(1).exactOptional().describe("how often it asks; 10, if not given"),
  timeoutSeconds: z.int().min(1).exactOptional().describe("how long an answer may take; 1, if not given"),
  failureThreshold: z
    .int()
    .min(1)
    .exactOptional()
    .describe("after how many failures in a row it acts; 3, if not given"),
});

export const app = z.strictObject({
  image: image.describe("without tag"),
  namespace: name.optional().describe("the app's name, if not given"),
  pullSecret: name.optional().describe("dockerconfigjson Secret in the app's namespace, to scan and to run the image"),
  decryption: decryption.optional().describe("the repository's, if not given"),
  base: z
    .enum(["rendered", "external"])
    .default("rendered")
    .describe("external: apps/<app>/base is yours, with a Deployment named after the app"),
  container: name
    .optional()
    .describe("which container of an external base runs the image; the app's name, if not given"),
  ports: z
    .strictObject({
      container: port.describe("on which the container listens"),
      service: port.default(80).describe("of the app's Service, which the Ingresses ask"),
    })
    .optional()
    .describe("needed unless the base is external"),
  security: z
    .enum(["restricted", "baseline"])
    .optional()
    .describe(
      "the Pod Security Standard that its pods meet, restricted, if not given; baseline, where the image runs as root",
    ),
  user: z
    .int()
    .refine(
      (uid) => uid > 0,
      "use the uid of the image's user; an image that runs as root has security: baseline instead",
    )
    .meta({ minimum: 1 })
    .optional()
    .describe("uid to run as, where the image names its user by a word or runs as root without need"),
  probes: z
    .strictObject({
      readiness: probe.default({}).describe("whether the pod gets requests"),
      liveness: probe.optional().describe("whether the container goes on, or is started again; none, if not given"),
      startup: probe
        .optional()
        .describe("whether it has begun, before which liveness does not ask; none, if not given"),
    })
    .optional()
    .describe("on the container's port; readiness by a connection, if not given"),
  ingress: z
    .array(z.enum(["http", "https"]))
    .default([])
    .describe("which Ingresses the base has"),
  issuer: name.optional().describe("cert-manager ClusterIssuer for the HTTPS hosts"),
  tag: tag.default("v0.0.1-develop.1").describe("tag in the base; never run, every stage replaces it"),
  digest: z
    .enum(["Always", "IfNotPresent", "Never"])
    .default("Never")
    .describe("whether Flux writes the digest beside the tag: IfNotPresent once, Always whenever the tag moves"),
  exclude: z
    .array(expression)
    .max(23, "Flux excludes by at most 25 expressions, of which 2 are there already")
    .default([])
    .describe("regular expressions of tags that Flux does not even look at; they match anywhere"),
  stages: z.array(name).optional().describe("where the app runs; everywhere, if not given"),
});
