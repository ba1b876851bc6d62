/** SHELL: the engine starts a plugin when it is first asked for. Asked here, it starts while the program is still being read. */
import { setImmediate } from "node:timers/promises";
// Not from the SDK's index, which takes as long to load as the plugin takes to start.
import { invoke } from "@pulumi/pulumi/runtime/invoke.js";

// A plugin that does not start is told of by the first resource that needs it.
invoke("gitops:index:prepare", {}).catch(() => {});

// Loading what comes next keeps the event loop; some turns of it let the request leave.
for (let turn = 0; turn < 8; turn++) await setImmediate();
