import { yamlText } from "../yaml/write.ts";
import { library, type NodeScripts, script } from "./node-files.ts";
import type { Topology } from "./topology.ts";

/** What cloud-init does on the gateway's first boot: write a program and start its unit. No secret is in it. */
export function gatewayUserData({ network }: Pick<Topology, "network">, scripts: NodeScripts): string {
  const unit = "k3s-stages-gateway.service";
  const document = {
    write_files: [
      { path: `${library}/gateway`, permissions: "0755", content: script(scripts, "gateway.sh") },
      {
        path: `/etc/systemd/system/${unit}`,
        permissions: "0644",
        content: script(scripts, "gateway.service").replaceAll("NETWORK", network.range),
      },
    ],
    runcmd: [["systemctl", "enable", "--now", "--no-block", unit]],
  };
  return `#cloud-config\n${yamlText(document)}`;
}
