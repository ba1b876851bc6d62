/** Why a registry's tags could not be listed, in one sentence. */
export class RegistryError extends Error {}
