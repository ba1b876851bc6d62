package main

import (
	"net"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

// address is a primary IP that is there before its server, and the options by which a server takes it.
func (d *driver) address() (*hcloud.PrimaryIP, *hcloud.ServerCreatePublicNet) {
	c := d.client
	made := must(c.PrimaryIP.Create(d.ctx, hcloud.PrimaryIPCreateOpts{
		Name: "dev-server-1", Type: hcloud.PrimaryIPTypeIPv4, AssigneeType: "server", Location: "nbg1", AutoDelete: hcloud.Ptr(false), Labels: map[string]string{"stage": "dev"},
	}))
	if made.Action != nil {
		d.wait(made.Action)
	}
	return made.PrimaryIP, &hcloud.ServerCreatePublicNet{EnableIPv4: true, EnableIPv6: true, IPv4: made.PrimaryIP}
}

// keeps describes what outlives a server or refuses to go: primary IPs, routes, protection.
func (d *driver) keeps(m made) {
	c, errors := d.client, map[string]string{}
	ip := must(c.PrimaryIP.GetByID(d.ctx, m.address.ID))
	_, err := c.PrimaryIP.Delete(d.ctx, ip)
	errors["address in use"] = code(err)
	_, _, err = c.PrimaryIP.Unassign(d.ctx, ip.ID)
	errors["address of a running server"] = code(err)
	route := hcloud.NetworkRoute{Destination: cidr("0.0.0.0/0"), Gateway: net.ParseIP("10.10.0.9")}
	d.wait(must(c.Network.AddRoute(d.ctx, m.network, hcloud.NetworkAddRouteOpts{Route: route})))
	network := must(c.Network.GetByID(d.ctx, m.network.ID))
	d.wait(must(c.Network.DeleteRoute(d.ctx, m.network, hcloud.NetworkDeleteRouteOpts{Route: route})))
	d.wait(must(c.Server.ChangeProtection(d.ctx, m.servers[0], hcloud.ServerChangeProtectionOpts{Delete: hcloud.Ptr(true), Rebuild: hcloud.Ptr(true)})))
	_, _, err = c.Server.DeleteWithResult(d.ctx, m.servers[0])
	errors["protected server"] = code(err)
	d.wait(must(c.Server.ChangeProtection(d.ctx, m.servers[0], hcloud.ServerChangeProtectionOpts{Delete: hcloud.Ptr(false), Rebuild: hcloud.Ptr(false)})))
	d.wait(must(c.Network.ChangeProtection(d.ctx, m.network, hcloud.NetworkChangeProtectionOpts{Delete: hcloud.Ptr(true)})))
	_, err = c.Network.Delete(d.ctx, m.network)
	errors["protected network"] = code(err)
	d.wait(must(c.Network.ChangeProtection(d.ctx, m.network, hcloud.NetworkChangeProtectionOpts{Delete: hcloud.Ptr(false)})))
	d.seen["kept"] = seen{
		"ip": ip.IP.String(), "type": ip.Type, "autoDelete": ip.AutoDelete, "ofServer": ip.AssigneeID == m.servers[0].ID, "stage": ip.Labels["stage"],
		"route": network.Routes[0].Destination.String(), "gateway": network.Routes[0].Gateway.String(), "errors": errors,
	}
}

// addressAfter says whether the primary IP is still there once its server is gone, and lets it go too.
func (d *driver) addressAfter(m made) {
	ip := must(d.client.PrimaryIP.GetByID(d.ctx, m.address.ID))
	d.seen["outlives"] = ip != nil && ip.AssigneeID == 0
	_, err := d.client.PrimaryIP.Delete(d.ctx, ip)
	check(err)
}
