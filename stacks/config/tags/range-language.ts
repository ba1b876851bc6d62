import { both, either, type Language, not } from "./language.ts";
import { languageOf } from "./pattern.ts";

/** Ranges as languages: which spellings of a version, by Flux's own reading, are in a range. */

type Core = readonly [number, number, number];

const anyNumber = "[0-9]+";
const identifier = "(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
const core = `v?${anyNumber}(\\.${anyNumber}){0,2}`;
/** Read when a range is, which most configurations need for no channel. */
function once(pattern: () => Language): () => Language {
  let read: Language | undefined;
  return () => {
    read ??= pattern();
    return read;
  };
}

const released = once(() => languageOf(core));

/** Flux wants two dots, wherever they are (fluxcd/pkg version/version.go, ParseVersion). */
export const anyVersion = once(() =>
  both(languageOf(`${core}(-${identifier}(\\.${identifier})*)?`), languageOf(".*\\..*\\..*")),
);

/** The decimals above a number: longer ones, or those that first differ upwards. */
function above(number: number): string {
  const digits = String(number);
  const longer = `[1-9][0-9]{${digits.length},}`;
  const rest = (index: number): string => `[0-9]{${digits.length - index - 1}}`;
  const same = [...digits].flatMap((digit, index) =>
    digit === "9" ? [] : [`${digits.slice(0, index)}[${Number(digit) + 1}-9]${rest(index)}`],
  );
  return `0*(${[longer, ...same].join("|")})`;
}

/** Every version whose three numbers are these or above; a number left out is 0. */
function from([major, minor, patch]: Core): Language {
  const some = `(\\.${anyNumber})`;
  const ways = [
    `${above(major)}${some}{0,2}`,
    `0*${major}\\.${above(minor)}${some}?`,
    `0*${major}\\.0*${minor}\\.(${above(patch)}|0*${patch})`,
    ...(patch === 0 ? [`0*${major}\\.0*${minor}`] : []),
    ...(patch === 0 && minor === 0 ? [`0*${major}`] : []),
  ];
  return both(anyVersion(), languageOf(`v?(${ways.join("|")})(-.*)?`));
}

const outside = (language: Language): Language => both(anyVersion(), not(language));

/** The first version that ^ or ~ does not let in. */
function fence(operator: string, [major, minor, patch]: Core): Core {
  if (operator === "~") return [major, minor + 1, 0];
  if (major > 0) return [major + 1, 0, 0];
  return minor > 0 ? [0, minor + 1, 0] : [0, 0, patch + 1];
}

function comparator(text: string): Language {
  const [, operator = "", a, b, c, lowest] = /^([<>=^~]*)(\d+)\.(\d+)\.(\d+)(-0)?$/.exec(text) ?? [];
  const bound: Core = [Number(a), Number(b), Number(c)];
  const next = from([bound[0], bound[1], bound[2] + 1]);
  const exactly = both(from(bound), not(next), lowest ? languageOf(".*-0") : released());
  const least = lowest ? from(bound) : either(next, exactly);
  const more = both(least, not(exactly));
  const known: { readonly [operator: string]: () => Language } = {
    ">=": () => least,
    ">": () => more,
    "<": () => outside(least),
    "<=": () => outside(more),
    "=": () => exactly,
    "": () => exactly,
  };
  return known[operator]?.() ?? both(least, not(from(fence(operator, bound))));
}

/** For a range without a `rangeProblem` whose prereleases are all `-0`. */
export const rangeLanguage = (range: string): Language =>
  either(
    ...range.split("||").map((group) => {
      const comparators = group.trim().split(" ").map(comparator);
      return both(...comparators, group.includes("-") ? anyVersion() : both(released(), anyVersion()));
    }),
  );
