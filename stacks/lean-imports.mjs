/**
 * Finds what a process imports without asking the disk where the answer is known. Plain JavaScript, as what loads it is.
 */
import module from "node:module";

const packages = "/node_modules/";

/** Our own files name each other in full; Node would look each of a hundred and fifty up all the same, and its package's type. */
const isOwn = (specifier, parent) =>
  specifier.startsWith(".") && specifier.endsWith(".ts") && !parent.includes(packages);

/** The words for a mistake in fifty languages, of which English is asked for by its own name. */
const isLanguages = (specifier, parent) => specifier === "../locales/index.js" && parent.includes(`${packages}zod/`);

module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL = "" } = context;
    if (isOwn(specifier, parentURL))
      return { url: new URL(specifier, parentURL).href, format: "module-typescript", shortCircuit: true };
    return next(isLanguages(specifier, parentURL) ? "../locales/en.js" : specifier, context);
  },
});
