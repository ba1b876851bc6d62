import { z } from "zod";

/** RFC 1123 label: what Kubernetes and Hetzner take as a name. Short, because project, stage and role are joined. */
export const name = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/, "use at most 30 lowercase letters, digits and '-', a letter first");

/** A folder in the GitOps repository: relative, and without a segment that could leave it or hide in it. */
export const folder = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/, "use a relative folder such as clusters/dev")
  .meta({ examples: ["clusters/dev"] });

/** Image without scheme and tag; a registry port is allowed. Tags belong to the stages. */
export const image = z
  .string()
  .regex(
    /^[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/,
    "use an image without scheme and tag, such as ghcr.io/acme/blog",
  )
  .meta({ examples: ["ghcr.io/acme/blog"] });

/** OCI distribution specification: 128 characters at most. */
export const tag = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, "use an image tag such as v1.9.31")
  .meta({ examples: ["v1.9.31"] });

/** SemVer identifier that starts with a letter, so that `-<id>.<n>` sorts by its number (flux.md rule 7). */
export const prereleaseId = z
  .string()
  .regex(/^[A-Za-z][0-9A-Za-z-]*$/, "use letters and digits, such as develop for v1.2.3-develop.4")
  .meta({ examples: ["develop"] });

export const host = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "use a host name such as blog.example.com")
  .meta({ examples: ["blog.example.com"] });

export const port = z.int().min(1).max(65_535);

/** Kubernetes quantity: `100m`, `128Mi`, `2`. */
export const quantity = z
  .union([
    z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, "use a quantity such as 100m or 128Mi"),
    z.int().positive(),
  ])
  .transform(String)
  .meta({ examples: ["100m", "128Mi"] });

/** An environment variable's value; a control character is a slip, and most programs read it as an end. */
export const variable = z
  .string()
  .regex(/^([^\p{Cc}]|[\t\n])*$/u, "has a control character; only tabs and line breaks are allowed");

/** ssh and https are what a deploy key and a token need; scp form (`git@host:path`) is refused by Flux. */
export const gitUrl = z
  .string()
  .regex(
    /^(ssh:\/\/([^@/\s]+@)?|https:\/\/)[^/@\s]+\/\S+$/,
    "use ssh://git@github.com/acme/gitops, or https:// without a user",
  )
  .meta({ examples: ["ssh://git@github.com/acme/gitops"] });

/** git check-ref-format, the part that matters. */
export const branch = z
  .string()
  .regex(/^(?!.*(\.\.|\/\/|@\{|\.lock$))[A-Za-z0-9][A-Za-z0-9._/-]*$/, "use a branch name such as main")
  .meta({ examples: ["main"] });

/** Kubernetes' qualified name: an optional DNS prefix, and at most 63 letters, digits, '-', '_' or '.'. */
const qualified = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/** A kubelet does not start with labels below kubernetes.io or k8s.io but these (kubernetes pkg/kubelet/apis/well_known_labels.go). */
const mayLabel = (key: string): boolean => {
  const [prefix = ""] = key.includes("/") ? key.split("/") : [];
  return !/(^|\.)(kubernetes|k8s)\.io$/.test(prefix) || /(^|\.)(node|kubelet)\.kubernetes\.io$/.test(prefix);
};

const labelKey = z
  .string()
  .regex(qualified, "use a label such as example.com/disk: letters, digits, '-', '_' and '.'")
  .refine(mayLabel, "a node may not give itself labels of kubernetes.io; use a prefix of your own, or none");

export const nodeLabels = z.record(
  labelKey,
  z.string().regex(labelValue, "use at most 63 letters, digits, '-', '_' and '.' for a label's value"),
);

/** As k3s takes it. */
export const taint = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?(=[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?:(NoSchedule|PreferNoSchedule|NoExecute)$/,
    "use a taint such as gpu=true:NoSchedule; effects are NoSchedule, PreferNoSchedule and NoExecute",
  )
  .meta({ examples: ["gpu=true:NoSchedule"] });
