/** What a person can do about an error of Hetzner's API, by its code (docs.hetzner.cloud, "Errors"). */
const waysOut: { readonly [code: string]: string } = {
  uniqueness_error:
    "Something of this name exists at Hetzner and is not in this stack's state. Look at its labels in the Hetzner console, " +
    "then delete it or rename it there, or take it over with `pulumi import`.",
  resource_limit_exceeded:
    "The project's limit at Hetzner is reached. Ask for a higher one in the Hetzner console (Limits), or lower the counts in " +
    "the stage's cluster. What exists by now stays; the next `pulumi up` goes on from here.",
  resource_unavailable:
    "Hetzner has no such server left at this location. Choose another type or location in the stage's cluster, or try again " +
    "later; what exists by now stays.",
  placement_error: "Hetzner finds no separate host for this server now. Try again later; what exists by now stays.",
  unauthorized: "Hetzner does not know this token. Set a valid one: pulumi config set --secret hcloud:token",
  token_readonly: "This token may only read. Make one for reading and writing: pulumi config set --secret hcloud:token",
  forbidden: "The token may not do this. Check in the Hetzner console that it belongs to the stage's project.",
  rate_limit_exceeded:
    "The project's 3600 requests an hour are used up. Wait a few minutes, then run `pulumi up` again.",
  protected:
    "It is protected against deletion. If it really is to go, set cluster.protect to false in the stage's file and run " +
    "`pulumi up`, which lifts the protection at Hetzner and in Pulumi.",
  maintenance: "Hetzner is doing maintenance (status.hetzner.com). Run `pulumi up` again later.",
};

/** The provider writes an API error as `message (code, correlation id)`. Nothing for an error that is not known here. */
export function wayOut(error: string): string | undefined {
  const codes = [...error.matchAll(/\(([a-z_]+)[,)]/g)].map(([, code = ""]) => code);
  return codes.map((code) => waysOut[code]).find((sentence) => sentence !== undefined);
}
