/** The last look of `npm start` at user data has to be able to fail. */
import { describe, expect, it } from "vitest";
import { checkUserData } from "../sandbox/inspection.ts";
import type { Sandbox } from "../sandbox/open.ts";
import { Checks } from "../sandbox/report.ts";
import { dummySecrets } from "../sandbox/stage.ts";

/** One server with one file, in base64 as user data has it. */
function look(path: string, text: string): Checks {
  const content = Buffer.from(text).toString("base64");
  const config = { write_files: [{ path, permissions: "0600", encoding: "b64", content }], runcmd: [["true"]] };
  const userData = () => `#cloud-config\n${JSON.stringify(config)}`;
  const state = { servers: () => [{ id: 1, name: "one" }], userData };
  const checks = new Checks();
  checkUserData({ services: { hetzner: { state } } } as unknown as Sandbox, checks);
  return checks;
}

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\n";

describe("the check of user data", () => {
  it.each([...Object.entries(dummySecrets), ["a deploy key", key]])("finds %s, by server and file", (_, secret) => {
    expect(look("/etc/some", `x=${secret}\n`).all).toMatchObject([{ held: false, detail: "one /etc/some" }]);
  });

  it("passes over the cluster's own, and over the file that access: none declares", () => {
    expect(look("/etc/some", "K10aa::server:x").all).toMatchObject([{ held: true }]);
    expect(look("/etc/k3s-stages/credential.json", key).all).toMatchObject([{ held: true }]);
  });
});
