import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { configuration } from "./applications.ts";
import { type Row, timedPair } from "./measure.ts";

/** Reading and checking the configuration of so many apps, against ten times that of a tenth: above 1 it grows faster. */
async function growth(apps: number): Promise<Row> {
  const [all, tenth] = [configuration(apps), configuration(apps / 10)];
  const check = (texts: typeof all) => resolve(sourcesOf(texts));
  const times = await timedPair(5, {
    ours: () => check(all),
    floor: () => Array.from({ length: 10 }, () => check(tenth)),
  });
  const measure = `read and check the configuration of ${apps} apps / 10 × ${apps / 10} apps`;
  return { measure, ...times, goal: 1.5 };
}

export const benchConfiguration = async (): Promise<readonly Row[]> => [await growth(100), await growth(1000)];
