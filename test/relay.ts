/** Passes HTTP on to a server of this machine, and counts what goes through. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Relay {
  readonly port: number;
  /** Since the last time that it was asked. */
  taken(): { readonly requests: readonly string[]; readonly sent: number; readonly received: number };
  close(): Promise<void>;
}

export async function startRelay(to: number): Promise<Relay> {
  let requests: string[] = [];
  let [sent, received] = [0, 0];
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    requests.push(`${method} ${url}`);
    incoming.on("data", (chunk: Buffer) => {
      sent += chunk.length;
    });
    const onward = request({ port: to, host: "127.0.0.1", method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.on("data", (chunk: Buffer) => {
        received += chunk.length;
      });
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    taken() {
      const taken = { requests, sent, received };
      requests = [];
      [sent, received] = [0, 0];
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
