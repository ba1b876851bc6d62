import { printable } from "../terminal/printable.ts";

/** Why a registry's tags could not be listed, in one sentence. */
export class RegistryError extends Error {
  constructor(message: string) {
    super(printable(message));
  }
}
