package main

import (
	"os"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

func (d *driver) describe(m made) {
	server, lb := m.servers[0], m.balancer
	network := must(d.client.Network.GetByID(d.ctx, m.network.ID))
	firewall := must(d.client.Firewall.GetByID(d.ctx, m.firewall.ID))
	d.seen["server"] = seen{
		"name": server.Name, "status": server.Status, "type": server.ServerType.Name, "image": server.Image.Name,
		"location": server.Location.Name, "zone": server.Location.NetworkZone, "group": server.PlacementGroup.Name,
		"ipv4": server.PublicNet.IPv4.IP.String(), "ipv6": server.PublicNet.IPv6.Network.String(), "firewalls": len(server.PublicNet.Firewalls),
		"private": server.PrivateNet[0].IP.String(), "mac": server.PrivateNet[0].MACAddress, "number": server.Labels["number"], "disk": server.PrimaryDiskSize,
	}
	d.seen["network"] = seen{"subnet": network.Subnets[0].IPRange.String(), "gateway": network.Subnets[0].Gateway.String(), "servers": len(network.Servers)}
	d.seen["firewall"] = seen{"sources": len(firewall.Rules[0].SourceIPs), "port": *firewall.Rules[0].Port, "applied": len(firewall.AppliedTo)}
	d.seen["key"] = m.key.Fingerprint
	service := lb.Services[0]
	d.seen["balancer"] = seen{
		"ip": lb.PrivateNet[0].IP.String(), "type": lb.LoadBalancerType.Name, "targets": len(lb.Targets), "private": lb.Targets[0].UsePrivateIP,
		"port": service.ListenPort, "path": service.HealthCheck.HTTP.Path, "tls": service.HealthCheck.HTTP.TLS, "interval": service.HealthCheck.Interval.String(),
	}
}

func (d *driver) catalogue() {
	sold := must(d.client.ServerType.Get(d.ctx, "cax11"))
	cpx := must(d.client.ServerType.Get(d.ctx, "cpx22"))
	types, err := d.client.ServerType.All(d.ctx)
	check(err)
	places, err := d.client.Location.All(d.ctx)
	check(err)
	images, err := d.client.Image.AllWithOpts(d.ctx, hcloud.ImageListOpts{Architecture: []hcloud.Architecture{hcloud.ArchitectureARM}})
	check(err)
	d.seen["catalogue"] = seen{
		"types": len(types), "locations": len(places), "armImages": len(images), "caxArchitecture": sold.Architecture,
		"caxAvailable": sold.Locations[0].Available, "cpxAvailable": cpx.Locations[0].Available,
		"net": cpx.Pricings[0].Monthly.Net, "gross": cpx.Pricings[0].Monthly.Gross,
	}
	d.pricing()
}

func (d *driver) pricing() {
	prices, _, err := d.client.Pricing.Get(d.ctx)
	check(err)
	balancer := must(d.client.LoadBalancerType.Get(d.ctx, "lb11"))
	address := prices.PrimaryIPs[0]
	d.seen["pricing"] = seen{
		"currency": prices.Currency, "vat": prices.VATRate, "types": len(prices.ServerTypes), "balancers": len(prices.LoadBalancerTypes),
		"family": address.Type, "place": address.Pricings[0].Location, "address": address.Pricings[0].Monthly.Gross,
		"volume": prices.Volume.PerGBMonthly.Net, "balancer": balancer.Pricings[0].Monthly.Net, "targets": balancer.MaxTargets,
	}
}

// outOfStock is what the client reads after the emulator was told that cpx32 has run out and cpx42 was withdrawn at fsn1.
func (d *driver) outOfStock() {
	gone, ended := must(d.client.ServerType.Get(d.ctx, "cpx32")), must(d.client.ServerType.Get(d.ctx, "cpx42"))
	place := ended.Locations[0]
	d.seen["stock"] = seen{"available": gone.Locations[0].Available, "deprecated": place.IsDeprecated(), "until": place.UnavailableAfter().Format(time.DateOnly)}
}

func (d *driver) lists() {
	selected, err := d.client.Server.AllWithOpts(d.ctx, hcloud.ServerListOpts{ListOpts: hcloud.ListOpts{LabelSelector: "stage=dev,number in (2,3)", PerPage: 1}})
	check(err)
	names := []string{}
	for _, server := range selected {
		names = append(names, server.Name)
	}
	_, response, err := d.client.Server.List(d.ctx, hcloud.ServerListOpts{ListOpts: hcloud.ListOpts{Page: 2, PerPage: 2}})
	check(err)
	d.seen["selected"] = names
	d.seen["page"] = seen{"total": response.Meta.Pagination.TotalEntries, "next": response.Meta.Pagination.NextPage, "previous": response.Meta.Pagination.PreviousPage, "limit": response.Meta.Ratelimit.Limit}
	absent := must(d.client.LoadBalancer.Get(d.ctx, "42"))
	d.seen["absent"] = absent == nil
}

func (d *driver) refusals(m made) {
	c, errors := d.client, map[string]string{}
	_, _, err := c.Network.Create(d.ctx, hcloud.NetworkCreateOpts{Name: "net", IPRange: cidr("10.0.0.0/8")})
	errors["taken name"] = code(err)
	_, _, err = c.Server.Create(d.ctx, hcloud.ServerCreateOpts{Name: "arm", ServerType: &hcloud.ServerType{Name: "cax11"}, Image: &hcloud.Image{Name: "ubuntu-24.04"}, Location: &hcloud.Location{Name: "nbg1"}})
	errors["sold out"] = code(err)
	_, _, err = c.Server.AttachToNetwork(d.ctx, m.servers[0], hcloud.ServerAttachToNetworkOpts{Network: m.network})
	errors["attached twice"] = code(err)
	_, _, err = c.LoadBalancer.AddServerTarget(d.ctx, m.balancer, hcloud.LoadBalancerAddServerTargetOpts{Server: m.servers[0], UsePrivateIP: hcloud.Ptr(true)})
	errors["target twice"] = code(err)
	_, err = c.Firewall.Delete(d.ctx, m.firewall)
	errors["firewall in use"] = code(err)
	_, _, err = c.Network.DeleteSubnet(d.ctx, m.network, hcloud.NetworkDeleteSubnetOpts{Subnet: hcloud.NetworkSubnet{IPRange: cidr("10.10.0.0/24")}})
	errors["subnet in use"] = code(err)
	_, _, err = c.LoadBalancer.AddService(d.ctx, m.balancer, hcloud.LoadBalancerAddServiceOpts{Protocol: hcloud.LoadBalancerServiceProtocolTCP, ListenPort: hcloud.Ptr(6443)})
	errors["port twice"] = code(err)
	_, _, err = c.Firewall.Create(d.ctx, hcloud.FirewallCreateOpts{Name: "bad", Rules: []hcloud.FirewallRule{{Direction: hcloud.FirewallRuleDirectionIn, Protocol: hcloud.FirewallRuleProtocolTCP}}})
	errors["rule without port"] = code(err)
	details, ok := err.(hcloud.Error).Details.(hcloud.ErrorDetailsInvalidInput)
	d.seen["invalidFields"] = ok && len(details.Fields) > 0
	stranger := hcloud.NewClient(hcloud.WithEndpoint(os.Getenv("HCLOUD_ENDPOINT")), hcloud.WithToken("wrong"))
	_, err = stranger.Server.All(d.ctx)
	errors["wrong token"] = code(err)
	d.seen["errors"] = errors
}
