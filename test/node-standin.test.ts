import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { bootNode } from "../sandbox/node/boot.ts";
import { parseCloudConfig, unpackedUserData } from "../sandbox/node/cloud-config.ts";
import { material, planOf, userDataOf } from "./node-plan.ts";

const first = userDataOf(planOf("prod", "server-1"));
const plain = unpackedUserData(first);
const name = "k3s-stages-prod-server-1";

describe("user data is refused, with everything that is wrong at once,", () => {
  interface Edited {
    readonly files: { path: string; permissions: string; content: string }[];
    commands: (readonly string[])[];
  }

  /** User data with an edit of what cloud-init reads from it. */
  const edited = (edit: (config: Edited) => void, userData = first) => {
    const config = structuredClone(parseCloudConfig(userData)) as Edited;
    edit(config);
    const text = stringify({ write_files: config.files, runcmd: config.commands }, { lineWidth: 0 });
    return gzipSync(`#cloud-config\n${text}`).toString("base64");
  };
  const inFile = (end: string, from: string | RegExp, to: string) =>
    edited(({ files }) => {
      const file = files.find(({ path }) => path.endsWith(end));
      if (!file) throw new Error(`no file ends with ${end}`);
      expect(file.content).toMatch(from);
      file.content = file.content.replace(from, to);
    });
  const added = (content: string, path = "/etc/extra", permissions = "0600") =>
    edited(({ files }) => files.push({ path, permissions, content }));
  const without = (end: string) =>
    edited(({ files }) =>
      files.splice(
        files.findIndex(({ path }) => path.endsWith(end)),
        1,
      ),
    );
  const boot = (userData: string, as = name) => bootNode({ name: as, userData, repository: "/nowhere" });

  it.each([
    ["without its first line", plain.replace("#cloud-config", "#cloud"), "the first line is not #cloud-config"],
    ["that is no YAML", `${plain}a: [`, "is no YAML: "],
    ["with a key that the stand-in does not know", `${plain}packages: []\n`, 'Unrecognized key: "packages"'],
    ["with a mode that YAML 1.1 reads as a number", plain.replace("'0600'", "0600"), "write_files.0.permissions: "],
    ["that is too large", added(randomBytes(32_768).toString("hex")), /it has \d+ bytes, Hetzner takes 32768/],
    ["that is not ASCII", `${plain}# ü`, "characters that are not ASCII"],
    ["without k3s' configuration", without("k3s/config.yaml"), "/etc/rancher/k3s/config.yaml is missing"],
    [
      "that neither starts nor joins a cluster",
      inFile("k3s/config.yaml", "cluster-init: true", ""),
      "cluster-init or a",
    ],
    [
      "with a token that trusts any server",
      inFile("k3s/config.yaml", /K10\w+::server:/, ""),
      "k3s: token is not in the",
    ],
    ["without a unit that it starts", without("k3s-stages.service"), "starts k3s-stages.service, which is not written"],
    ["without a phase's script", without("k3s-stages/fetch"), "k3s-stages/fetch is run, and neither written"],
    ["without a unit's program", inFile("artefacts", /^k3s .*\n/gm, ""), "/usr/local/bin/k3s is run, and neither"],
    [
      "with a script that bash cannot read",
      inFile("k3s-stages/ready", "fi\n", ""),
      "k3s-stages/ready is no bash script",
    ],
    [
      "with a flag of flux that it does not know",
      inFile("k3s-stages/flux", "--timeout", "--force"),
      "--force is not known",
    ],
    ["without the repository", inFile("node.env", /^url=.*$/m, "url="), "flux bootstrap gets no --url"],
    [
      "with an SSH key",
      added("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"),
      "a private key",
    ],
    ["with a GitHub token", added(`ghp_${"a1".repeat(18)}`), "/etc/extra holds a GitHub token"],
    ["with an age key", added(`AGE-SECRET-KEY-1${"Q".repeat(58)}`), "/etc/extra holds an age key"],
    ["with a token of Hetzner", added(`x=${"Ab1z".repeat(16)}`), "/etc/extra holds a token of Hetzner's API"],
    [
      "with a secret that all can read",
      added(material.serverToken, "/etc/token", "0644"),
      "/etc/token holds a secret and",
    ],
  ])("%s", async (_, userData, message) => {
    await expect(boot(userData)).rejects.toThrow(message);
  });

  it("of another server", async () => {
    const [k3s, env] = [/k3s: node-name is k3s-stages-prod-server-1, the server's name is other/, /node.env: name is/];
    await expect(boot(first, "other")).rejects.toThrow(k3s);
    await expect(boot(first, "other")).rejects.toThrow(env);
  });

  it("and a secret is not repeated in the message", async () => {
    const token = `ghp_${"a1".repeat(18)}`;
    await expect(boot(added(token))).rejects.not.toThrow(token);
  });
});

describe("a file of user data", () => {
  const contentOf = (fields: object) => {
    const config = { write_files: [{ path: "/etc/x", permissions: "0600", ...fields }], runcmd: [] };
    return parseCloudConfig(`#cloud-config\n${stringify(config)}`).files[0]?.content;
  };

  it.each([
    [{ content: "text\n" }],
    [{ encoding: "b64", content: "dGV4dAo=" }],
    [{ encoding: "gz+b64", content: "H4sIAAAAAAAAAytJrSjhAgAn2uw3BQAAAA==" }],
  ])("is decoded as cloud-init does: %j", (fields) => {
    expect(contentOf(fields)).toBe("text\n");
  });

  it("in another encoding is refused", () => {
    expect(() => contentOf({ encoding: "rot13", content: "" })).toThrow("write_files.0.encoding: ");
  });

  it("outside the root's folders is refused", () => {
    expect(() => contentOf({ path: "/etc/../x", content: "" })).toThrow("must be an absolute path");
  });
});
