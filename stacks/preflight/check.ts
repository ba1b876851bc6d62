import type { Pins } from "../config/releases/pins.ts";
import { lives } from "./demand.ts";
import { existingOf, type Findings, type Question, together, warn } from "./findings.ts";
import { imageFindings } from "./images.ts";
import { loadBalancerFindings } from "./load-balancers.ts";
import { roomFindings } from "./room.ts";
import { serverFindings } from "./servers.ts";
import { targetFindings } from "./targets.ts";

/** Servers that are not as the plan has them: switched off, or of another type. */
function livingFindings({ demand, snapshot }: Question): Findings {
  const found = demand.servers.flatMap((server) => {
    const { name, type, path } = server;
    const there = existingOf(snapshot, "servers", name);
    if (!lives(there, server, demand)) return [];
    const other = there.type && there.type !== type;
    return [
      ...(there.status === "off" ? [warn(path, `${name} is switched off at Hetzner: it serves nothing`)] : []),
      ...(other
        ? [warn(path, `${name} is a ${there.type} and is to be a ${type}: Hetzner switches it off for that`)]
        : []),
    ];
  });
  return together(found);
}

/** Everything that a stage's plan and what Hetzner says now have against each other. */
export const check = (question: Question, pins: Pins): Findings =>
  together([
    roomFindings(question),
    serverFindings(question, pins),
    imageFindings(question),
    loadBalancerFindings(question),
    livingFindings(question),
    targetFindings(question),
  ]);
