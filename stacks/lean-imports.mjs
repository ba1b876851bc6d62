/**
 * Finds what a process imports without asking the disk where the answer is known. Plain JavaScript, as what loads it is.
 */
import { existsSync } from "node:fs";
import module from "node:module";

const packages = "/node_modules/";

/** Our own files name each other in full; Node would look each of a hundred and fifty up all the same, and its package's type. */
const isOwn = (specifier, parent) =>
  specifier.startsWith(".") && specifier.endsWith(".ts") && !parent.includes(packages);

/** The words for a mistake in fifty languages, of which English is asked for by its own name. */
const isLanguages = (specifier, parent) => specifier === "../locales/index.js" && parent.includes(`${packages}zod/`);

/** CommonJS as it was compiled, each file beside the other: Node would ask the disk for links, and read some for what they are. */
const compiled = /\/node_modules\/(@grpc\/grpc-js|@pulumi\/pulumi|google-protobuf)\//;

/** As Node does, but for what no compiler writes: a file without an ending, or in a folder of the same name. */
function ofCompiled(specifier, parent, { conditions }) {
  const isAsked = /^\.\.?\//.test(specifier) && conditions?.includes("require");
  if (!(isAsked && compiled.test(parent))) return undefined;
  const url = new URL(specifier.endsWith(".js") ? specifier : `${specifier}.js`, parent);
  return existsSync(url) ? { url: url.href, format: "commonjs", shortCircuit: true } : undefined;
}

module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL = "" } = context;
    if (isOwn(specifier, parentURL))
      return { url: new URL(specifier, parentURL).href, format: "module-typescript", shortCircuit: true };
    const found = ofCompiled(specifier, parentURL, context);
    if (found) return found;
    return next(isLanguages(specifier, parentURL) ? "../locales/en.js" : specifier, context);
  },
});
