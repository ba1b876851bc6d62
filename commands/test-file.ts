/** `npm run test:file -- test/x.test.ts`: some tests; docs/faults.md learns what they prove. */
import { recordFaults } from "./faults/record.ts";
import { refusal, tell } from "./outcome.ts";
import { runSuites, testArguments, testOptions } from "./suites.ts";
import { parsed, UsageError } from "./usage.ts";

const help = `Usage: npm run test:file -- <test file>… [-t <words>] [-u]

Runs some of the tests that npm test has; docs/faults.md learns what they prove.

  -t, --testNamePattern <words>  only tests with these words in their names
  -u, --update                   write golden files anew; read their difference
  -h, --help                     this text

Ends with 0 when they passed, 1 when one did not or there is no such file, 2 for
wrong options.`;

async function main(args: readonly string[]): Promise<number> {
  const asked = parsed({ args: [...args], options: testOptions, allowPositionals: true });
  if (asked.values.help) {
    console.log(help);
    return 0;
  }
  if (asked.positionals.length === 0) throw new UsageError("Name a test file; npm test runs all of them.");
  const suites = await runSuites("tests", testArguments(asked));
  recordFaults(suites, "files");
  return suites.outcome.ok ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  tell(refusal(error, help));
}
