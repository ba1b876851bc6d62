import { createServer } from "node:net";

/** Below what Linux, macOS and Windows give to outgoing connections, which would take a port between choice and use. */
const [first, last] = [10_240, 32_767] as const;

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
    const port = first + Math.floor(Math.random() * (last - first + 1));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

/** Loopback ports that are free now, no two the same in the life of this process. */
export async function freePorts(count: number): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}
