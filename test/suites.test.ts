/** What a run of the tests says of those that failed. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { failures } from "../commands/suites.ts";

const suite = { name: join(import.meta.dirname, "x.test.ts"), startTime: 0, endTime: 1, message: "", status: "failed" };
const results = (testResult: Partial<Parameters<typeof failures>[0]["testResults"][number]>) => ({
  numPassedTests: 0,
  numFailedTests: 1,
  numPendingTests: 0,
  testResults: [{ ...suite, assertionResults: [], ...testResult }],
});

it("a failed test is named with its file and the head of its message, without the stack", () => {
  const failureMessages = ["AssertionError: expected 1 to be 2\n    at test/x.test.ts:3:4\n\n- 2\n+ 1"];
  const assertionResults = [
    { fullName: "it holds (F9)", status: "failed", failureMessages },
    { fullName: "another", status: "passed", failureMessages: [] },
  ];
  expect(failures(results({ assertionResults }))).toEqual([
    "test/x.test.ts: it holds (F9)\n    AssertionError: expected 1 to be 2\n    \n    - 2\n    + 1",
  ]);
});

it("a file that could not be loaded is named with the reason; one that passed is not", () => {
  expect(failures(results({ message: "Cannot find module" }))).toEqual(["test/x.test.ts\n    Cannot find module"]);
  expect(failures(results({ status: "passed" }))).toEqual([]);
});
