/** Hetzner location to network zone; a private network lies in one zone. Source: docs.hetzner.com/cloud/networks/faq. */
export const zoneOf: { readonly [location: string]: string } = {
  fsn1: "eu-central",
  nbg1: "eu-central",
  hel1: "eu-central",
  ash: "us-east",
  hil: "us-west",
  sin: "ap-southeast",
};
