/** The copy of the project in which the sandbox's Pulumi runs, so that the checkout stays as it is. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Document, isMap, parseDocument } from "yaml";
import { readTexts } from "../stacks/config/files.ts";
import type { Layout } from "./layout.ts";

const linked = ["index.ts", "main.mjs", "node_modules", "package.json", "provider", "stacks"];
const copied = ["pins.json"];

/** What only the user's own key can open, or a service that the sandbox does not have. */
const ofTheAccount = ["encryptionsalt", "encryptedkey", "secretsprovider", "environment"];

/** A stack file without its account: the secrets stay where they are, the sandbox has dummies of its own. */
function withoutAccount(text: string): Document {
  const document = parseDocument(text);
  for (const key of ofTheAccount) document.delete(key);
  const config = document.get("config");
  if (isMap(config)) config.items = config.items.filter(({ value }) => !(isMap(value) && value.has("secure")));
  return document;
}

/** The emulator's actions take milliseconds, so it is asked more often than Hetzner may be. */
function sharedFile(text: string): string {
  const document = parseDocument(text);
  document.setIn(["config", "hcloud:pollInterval"], { value: "50ms" });
  return document.toString({ lineWidth: 0 });
}

function copyOf(name: string, text: string): string {
  if (name === "Pulumi.yaml") return sharedFile(text);
  return name.startsWith("apps/") ? text : withoutAccount(text).toString({ lineWidth: 0 });
}

/** Makes the copy if it is not there; later edits in it are the user's and stay. */
export function makeWorkspace({ checkout, work }: Layout): void {
  if (existsSync(work)) return;
  mkdirSync(work, { recursive: true });
  for (const name of linked) symlinkSync(join(checkout, name), join(work, name));
  for (const name of copied) writeFileSync(join(work, name), readFileSync(join(checkout, name)));
  for (const [name, text] of Object.entries(readTexts(checkout))) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), copyOf(name, text));
  }
}
