/** Each resource from its own file: through the package's index Node would load all eighty at every preview. */
export type { ServerArgs, types } from "@pulumi/hcloud";
export { Firewall } from "@pulumi/hcloud/firewall.js";
export { LoadBalancer } from "@pulumi/hcloud/loadBalancer.js";
export { LoadBalancerNetwork } from "@pulumi/hcloud/loadBalancerNetwork.js";
export { LoadBalancerService } from "@pulumi/hcloud/loadBalancerService.js";
export { LoadBalancerTarget } from "@pulumi/hcloud/loadBalancerTarget.js";
export { Network } from "@pulumi/hcloud/network.js";
export { NetworkRoute } from "@pulumi/hcloud/networkRoute.js";
export { NetworkSubnet } from "@pulumi/hcloud/networkSubnet.js";
export { PlacementGroup } from "@pulumi/hcloud/placementGroup.js";
export { PrimaryIp } from "@pulumi/hcloud/primaryIp.js";
export { Server } from "@pulumi/hcloud/server.js";
