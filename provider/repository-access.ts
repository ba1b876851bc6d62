import { type Credential, proveAccess } from "../stacks/publish/git-access.ts";
import { GitError } from "../stacks/publish/git-failure.ts";
import type { CreateRequest, Resource } from "./resource.ts";
import { UserError } from "./resource.ts";
import type { Properties } from "./values.ts";

const given = (inputs: Properties, name: string): string => {
  const value = inputs[name];
  return typeof value === "string" ? value : "";
};

function credentialOf(inputs: Properties): Credential {
  const privateKey = given(inputs, "privateKey");
  if (privateKey) return { kind: "key", privateKey, knownHosts: given(inputs, "knownHosts") };
  return { kind: "token", token: given(inputs, "token") };
}

/** What the host's settings for the credential can heal; a host that does not answer is none of that. */
const ofCredential: readonly GitError["failure"][] = ["authentication", "not found", "read-only", "refused", "other"];

async function prove({ inputs, log, signal }: CreateRequest): Promise<void> {
  const target = { url: given(inputs, "url"), branch: given(inputs, "branch"), signal };
  try {
    const { redirected } = await proveAccess(target, credentialOf(inputs));
    if (!redirected) return;
    await log(
      "INFO",
      `git sends ${target.url} to ${redirected} here (insteadOf), so the host of the first was not asked`,
    );
  } catch (error) {
    if (signal.aborted) throw new UserError("cancelled");
    if (!(error instanceof GitError)) throw error;
    const steps = ofCredential.includes(error.failure) ? given(inputs, "steps") : "";
    throw new UserError([error.message, steps].filter(Boolean).join("\n"));
  }
}

/**
 * The cluster's credential may read and push: tried before any server is paid for. It is no object of its own, so there is
 * nothing to read or to delete.
 */
export function repositoryAccess(): Resource {
  return {
    create: async (request) => {
      if (!request.preview) await prove(request);
      return { id: given(request.inputs, "url"), outputs: {} };
    },
    update: async (request) => {
      const { inputs, oldInputs, preview } = request;
      const changed = ["url", "branch", "privateKey", "knownHosts", "token"].some(
        (name) => inputs[name] !== oldInputs[name],
      );
      if (changed && !preview) await prove(request);
      return { outputs: {} };
    },
  };
}
