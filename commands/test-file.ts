/** `npm run test:file -- test/x.test.ts`: some tests, with vitest's own options; docs/faults.md learns what they prove. */
import { recordFaults } from "./faults/record.ts";
import { runSuites } from "./suites.ts";

const suites = await runSuites("tests", process.argv.slice(2));
recordFaults(suites, "files");
process.exitCode = suites.outcome.ok ? 0 : 1;
