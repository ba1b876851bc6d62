import { createServer } from "node:net";

/** Below what Linux, macOS and Windows give to outgoing connections, which would take a port between choice and use. */
const [first, count] = [16_384, 16_384] as const;

/**
 * A program takes its port a second after the choice, and another process could choose the same meanwhile: each of the
 * processes in which tests run at a time, which Vitest numbers from 1, has ports of its own.
 */
const worker = Number(process.env["VITEST_POOL_ID"] ?? 0);
const [from, own] = worker > 0 ? [first + (worker % 16) * (count / 16), count / 16] : [first, count];

/** In this process: who asked first has perhaps not listened yet. */
const given = new Set<number>();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

async function freePort(): Promise<number> {
  for (;;) {
    const port = from + Math.floor(Math.random() * own);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

/** Loopback ports that are free now, no two the same in the life of this process. */
export async function freePorts(wanted: number): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: wanted }, freePort));
}
