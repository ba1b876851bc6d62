/** Ends a process and all that it started, as a power cut does: nothing of it gets to say or save anything. */
import { spawnSync } from "node:child_process";

interface Process {
  readonly id: number;
  readonly parent: number;
}

function processes(): readonly Process[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [id = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
      return { id, parent };
    });
}

/** Pulumi puts its plugins into groups of their own, so its group is not the whole of it. */
function treeOf(root: number, all: readonly Process[]): readonly number[] {
  const children = all.filter(({ parent }) => parent === root);
  return [root, ...children.flatMap(({ id }) => treeOf(id, all))];
}

export function killTree(root: number): void {
  for (const id of treeOf(root, processes())) {
    try {
      process.kill(id, "SIGKILL");
    } catch {
      // ended in the meantime
    }
  }
}
