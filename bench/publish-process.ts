/** One run of bench/publish.ts in a process of its own; prints the most memory that it had, in MB. Argument: the remote's address. */
import { publisher } from "../test/flux/harness/publisher.ts";
import { changes } from "./publish-changes.ts";

const [url = ""] = process.argv.slice(2);
const change = changes(publisher(url));
await change();
await change();
console.log(process.resourceUsage().maxRSS / 1024);
