/** SHELL: what takes its time in other processes, or in turns of the event loop, begins while the program is still being read. */
import { setImmediate } from "node:timers/promises";
// Not from the SDK's index, which takes as long to load as the plugin takes to start.
import { invoke } from "@pulumi/pulumi/runtime/invoke.js";
import { getCallbacks } from "@pulumi/pulumi/runtime/settings.js";

// The engine starts a plugin when it is first asked for. One that does not start is told of by the first resource that needs it.
invoke("gitops:index:prepare", {}).catch(() => {});

// Where the engine calls hooks: the server asks itself until it answers, and resources that have hooks wait for it.
getCallbacks();

// Loading what comes next keeps the event loop; some turns of it let the requests leave.
for (let turn = 0; turn < 8; turn++) await setImmediate();
