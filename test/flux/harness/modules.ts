/** What is built from Go modules: the API server that k3s runs, and the Flux that is pinned, its command and its controllers. */
import { fluxManifests } from "./flux-manifests.ts";
import type { Tool } from "./tool.ts";

type Controller = Pick<Tool, "name" | "module" | "version" | "sum" | "packages">;

function controller(name: string, version: string, sum: string): Controller {
  const module = `github.com/fluxcd/${name}`;
  return { name, module, version, sum, packages: [module] };
}

const controllers = {
  source: controller("source-controller", "v1.9.4", "h1:psO6g4NTAMl3GD9gL8TMF3shM939XhTjFvlQXCK3pZ4="),
  kustomize: controller("kustomize-controller", "v1.9.4", "h1:VBnBMhnemqnE5Zca2AoG2gC4472MoiTmk9rdqvLoMcY="),
  imageReflector: controller("image-reflector-controller", "v1.2.4", "h1:pBC8XOgLXt3VaTzp9k2fYpuR3FFEnZRZBkuSfnGxPhM="),
  imageAutomation: controller(
    "image-automation-controller",
    "v1.2.4",
    "h1:uYtQq2kUb02q6fJE6zT/NdAPLTPLZUOIVp+JGFslW+M=",
  ),
  notification: controller("notification-controller", "v1.9.3", "h1:vBONN/Lx5aQ2nDnJxYp5Sb0Wsgh13UbuP5A1MK4dmkY="),
  helm: controller("helm-controller", "v1.6.3", "h1:MSiDP/s8xRSkO3g11vBiDStxfmJ5ZVdwDEpW7BSE/UA="),
};

/** Flux as released: the versions are those that flux2 names in manifests/bases; `modules.test.ts` holds them to it. */
export const fluxModules = {
  flux2: {
    module: "github.com/fluxcd/flux2/v2",
    version: "v2.9.4",
    sum: "h1:/o9IdC9YZVFEsnuJawjEn5tpU8gpnxGftsG85Ubw+bI=",
  },
  controllers: Object.values(controllers),
};

const { flux2 } = fluxModules;

/** Of v0.18.2 the registry has no files. Between v0.18.1 and v0.20.0 nothing but go.mod changed. */
const artifact = { "github.com/fluxcd/pkg/artifact": "github.com/fluxcd/pkg/artifact v0.18.1" };

export const tools = {
  /** Its go.mod requires etcd's server too. */
  kubernetes: {
    name: "kubernetes",
    module: "k8s.io/kubernetes",
    version: "v1.36.3",
    sum: "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=",
    packages: ["k8s.io/kubernetes/cmd/kube-apiserver", "go.etcd.io/etcd/server/v3"],
  },
  kustomize: controllers.kustomize,
  imageAutomation: controllers.imageAutomation,
  notification: controllers.notification,
  source: { ...controllers.source, instead: artifact },
  /** Those that kustomize-controller decrypts with. */
  sops: {
    ...controllers.kustomize,
    name: "sops",
    packages: ["github.com/getsops/sops/v3/cmd/sops", "filippo.io/age/cmd/age-keygen"],
  },
  imageReflector: { ...controllers.imageReflector, instead: artifact },
  /** A store of objects that speaks S3. */
  s3: {
    name: "versitygw",
    module: "github.com/versity/versitygw",
    version: "v1.8.0",
    sum: "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=",
    packages: ["github.com/versity/versitygw/cmd/versitygw"],
  },
  flux: {
    name: "flux",
    ...flux2,
    packages: ["./cmd/flux"],
    written: (folderOf) => fluxManifests(fluxModules, folderOf),
    variables: { "main.VERSION": flux2.version.replace("v", "") },
  },
} satisfies { readonly [tool: string]: Tool };
