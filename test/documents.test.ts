/** What the documents say is so: their commands exist and run, their links lead somewhere. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { execute } from "../sandbox/process/execute.ts";
import { installedCli } from "../sandbox/pulumi/cli.ts";
import { commands, documents, flagsOf, read, scriptOf, scripts } from "./documents.ts";

const root = join(import.meta.dirname, "..");
const out = mkdtempSync(join(tmpdir(), "documents-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const of = (program: string) => commands.filter(({ text }) => text.startsWith(`${program} `));

/** Each script of package.json that a document names: the suite or program that runs it, and the words there. */
const provenBy: { readonly [script: string]: readonly [file: string, words: string] } = {
  start: [".ci/run", "npm start"],
  test: [".ci/run", "npm test"],
  "test:flux": [".ci/run", "npm run test:flux"],
  "test:file": ["commands/suites.ts", "vitest"],
  fix: ["package.json", "biome check --write"],
  bench: ["bench/main.ts", "npm run bench"],
  sandbox: ["test/sandbox-words.test.ts", "commands/sandbox.ts"],
  adopt: ["test/adopt.test.ts", "npm run adopt"],
  render: ["test/render-command.test.ts", "commands/render"],
  explain: ["test/explain-command.test.ts", "commands/explain"],
  matrix: ["test/matrix.test.ts", "commands/matrix"],
  preview: ["test/effect.test.ts", "stacks/preview"],
  preflight: ["test/preflight-command.test.ts", "commands/preflight"],
  destroy: ["test/destroy.test.ts", "commands/destroy"],
  "flux-upgrade": ["test/flux-upgrade.test.ts", "commands/flux-upgrade"],
  pins: ["test/pins-command.test.ts", "commands/pins"],
  schema: ["test/schema.test.ts", "commands/schema"],
  "new-app": ["test/new.test.ts", "new-app"],
  "new-stage": ["test/new.test.ts", "new-stage"],
  sweep: ["commands/sweep.ts", "npm run sweep"],
};

/** `npm ci` and `npm i` are npm's own. */
const named = [
  ...new Set(
    of("npm")
      .filter(({ text }) => !/^npm (ci|i)\b/.test(text))
      .map(({ text }) => scriptOf(text)),
  ),
].toSorted();

describe("a command of this project in a document", () => {
  it.each(named)("is there and is run: npm run %s", (script) => {
    expect(Object.keys(scripts)).toContain(script);
    const [file, words] = provenBy[script] ?? ["", ""];
    expect(file, `nothing runs npm run ${script}: add the suite that does`).not.toBe("");
    expect(read(file)).toContain(words);
  });
});

/** They need an account, a cluster, or a key: what can be said here is that the program has these words. */
const foreign = ["pulumi", "kubectl"] as const;
const notRun = ["git", "ssh-keygen", "flux", "k3s", "sops", "age-keygen", "docker", "go"];

const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "k3s-stages");
const pulumi = installedCli({ path: process.env["PATH"] ?? "", cache }, existsSync)?.pulumi;
const kubectl = await promisify(execFile)("kubectl", ["help"]).then(
  () => "kubectl",
  () => undefined,
);
const binaries = { pulumi, kubectl };

/** The words before the first option, resource or value: `config set`, `create secret generic`. */
function subcommand(text: string): readonly string[] {
  const [, ...words] = text.replace(/^kubectl -n \S+/, "kubectl").split(" ");
  const known =
    /^(config|set|stack|init|output|export|import|rm|up|preview|login|refresh|cancel|new|create|secret|generic|get|delete|apply|describe|run|rollout|status)$/;
  const end = words.findIndex((word) => !known.test(word));
  return end < 0 ? words : words.slice(0, end);
}

describe.each(foreign)("a command of %s in a document", (program) => {
  const binary = binaries[program];
  const usable = binary !== undefined || process.env["CI"] === "true";
  const usages = Map.groupBy(of(program), ({ text }) => subcommand(text).join(" "));

  it.runIf(usable).each([...usages.keys()].filter(Boolean))(
    "has the options that it is shown with: %s",
    async (words) => {
      const help = await execute({
        file: binary ?? program,
        args: [...words.split(" "), "--help"],
        cwd: out,
        env: { ...process.env, HOME: out },
      });
      const said = help.stdout + help.stderr;
      expect(help.code, said).toBe(0);
      const flags = (usages.get(words) ?? []).flatMap(({ text }) => flagsOf(text));
      for (const flag of new Set(flags)) expect(said).toContain(flag);
    },
  );
});

describe("a command of another program in a document", () => {
  it("is of one that is known not to be run here", () => {
    const programs = new Set(commands.map(({ text }) => text.split(" ")[0] ?? ""));
    const known = ["npm", ...foreign, ...notRun];
    expect([...programs].filter((program) => !known.includes(program))).toEqual([]);
  });
});

/** The keys of the schema, which docs/configuration.md is written from, as their parts; `<name>` stands for any. */
const keys = [...read("docs/configuration.md").matchAll(/^\| `(\S+?)` \|/gm)].map(([, key = ""]) =>
  key.replaceAll("[]", "").split("."),
);
const parents = new Set(keys.map(([first = ""]) => first));
const isAnyName = (part: string): boolean => part.startsWith("<");
const isKey = (path: string): boolean =>
  keys.some((key) =>
    path.split(".").every((part, at) => part === key[at] || isAnyName(part) || isAnyName(key[at] ?? "")),
  );

/** Decisions too; without what is written from the schema itself, and what says `apps.<app>.x` for any key. */
const explained = [
  ...documents.filter((document) => !["docs/configuration.md", "docs/applications.md"].includes(document)),
  ...readdirSync(join(root, "docs/adr")).map((file) => `docs/adr/${file}`),
];

describe("a document", () => {
  /** As GitHub names a heading. */
  const anchors = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );

  it.each([...new Set([...documents, ...explained])])("links to what is there: %s", (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const lost = links.filter(([, path = "", anchor]) => {
      const file = path === "" ? document : join(dirname(document), path);
      return !existsSync(join(root, file)) || (anchor && !anchors(read(file)).includes(anchor));
    });
    expect(lost.map(([link]) => link)).toEqual([]);
  });

  it.each([...new Set([...documents, ...explained])])("names files that are there: %s", (document) => {
    const paths = read(document).matchAll(
      /`((?:stacks|test|commands|provider|sandbox|bench|docs)\/[\w./-]+\.(?:ts|sh|md|json|mjs))`/g,
    );
    expect([...paths].map(([, path = ""]) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(explained)("names keys of the configuration that are there: %s", (document) => {
    const named = [...read(document).matchAll(/`(?:k3s-stages:)?([a-z]\w*(?:\.[\w<>[\]-]+)+)(?=[`: ])/g)];
    const keys = named.map(([, path = ""]) => path).filter((path) => parents.has(path.split(".")[0] ?? ""));
    expect(keys.filter((path) => !isKey(path))).toEqual([]);
  });

  it("lists each decision by its own title, in docs/architecture.md", () => {
    const listed = [...read("docs/architecture.md").matchAll(/\[(\d{4})\]\(adr\/(.*?)\) (.*?)(?: ·)?$/gm)];
    const decisions = readdirSync(join(root, "docs/adr"));
    const titles = decisions.map((file) => /^# (.*)$/m.exec(read(`docs/adr/${file}`))?.[1]?.toLowerCase());
    expect(listed.map(([, number, , title = ""]) => `${number} ${title}`.toLowerCase())).toEqual(titles);
    expect(listed.map(([, , file]) => file)).toEqual(decisions);
  });
});
