// Drives the Hetzner emulator through Hetzner's own client and prints, as JSON, what that client understood. The expectations
// are in test/hetzner.test.ts; here nothing is judged, only a refusal of the client ends the program.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

type seen map[string]any

func must[T any](value T, _ *hcloud.Response, err error) T {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
		os.Exit(1)
	}
	return value
}

func check(err error) {
	must(0, nil, err)
}

func cidr(text string) *net.IPNet {
	_, network, err := net.ParseCIDR(text)
	check(err)
	return network
}

type driver struct {
	ctx    context.Context
	client *hcloud.Client
	seen   seen
}

func (d *driver) wait(actions ...*hcloud.Action) {
	check(d.client.Action.WaitFor(d.ctx, actions...))
}

// code is what hcloud.IsError compares: the API's error code as the client decoded it.
func code(err error) string {
	var known hcloud.Error
	if e, ok := err.(hcloud.Error); ok {
		known = e
	}
	if known.Code == "" || !hcloud.IsError(err, known.Code) {
		return fmt.Sprintf("no hcloud error: %v", err)
	}
	return string(known.Code)
}

type made struct {
	key      *hcloud.SSHKey
	network  *hcloud.Network
	group    *hcloud.PlacementGroup
	firewall *hcloud.Firewall
	address  *hcloud.PrimaryIP
	servers  []*hcloud.Server
	balancer *hcloud.LoadBalancer
}

func (d *driver) foundations(publicKey string) (m made) {
	c, labels := d.client, map[string]string{"stage": "dev"}
	m.key = must(c.SSHKey.Create(d.ctx, hcloud.SSHKeyCreateOpts{Name: "key", PublicKey: publicKey, Labels: labels}))
	m.network = must(c.Network.Create(d.ctx, hcloud.NetworkCreateOpts{Name: "net", IPRange: cidr("10.10.0.0/16"), Labels: labels}))
	subnet := hcloud.NetworkSubnet{Type: hcloud.NetworkSubnetTypeCloud, IPRange: cidr("10.10.0.0/24"), NetworkZone: hcloud.NetworkZoneEUCentral}
	d.wait(must(c.Network.AddSubnet(d.ctx, m.network, hcloud.NetworkAddSubnetOpts{Subnet: subnet})))
	placement := must(c.PlacementGroup.Create(d.ctx, hcloud.PlacementGroupCreateOpts{Name: "pg", Type: hcloud.PlacementGroupTypeSpread}))
	m.group = placement.PlacementGroup
	rule := hcloud.FirewallRule{Direction: hcloud.FirewallRuleDirectionIn, Protocol: hcloud.FirewallRuleProtocolTCP, Port: hcloud.Ptr("6443"), SourceIPs: []net.IPNet{*cidr("203.0.113.0/24"), *cidr("2001:db8::/32")}}
	wall := must(c.Firewall.Create(d.ctx, hcloud.FirewallCreateOpts{Name: "fw", Rules: []hcloud.FirewallRule{rule}}))
	d.wait(wall.Actions...)
	m.firewall = wall.Firewall
	return m
}

func (d *driver) server(m made, number int, public *hcloud.ServerCreatePublicNet) *hcloud.Server {
	c := d.client
	serverType := must(c.ServerType.Get(d.ctx, "cpx22"))
	image := must(c.Image.GetForArchitecture(d.ctx, "ubuntu-24.04", serverType.Architecture))
	created := must(c.Server.Create(d.ctx, hcloud.ServerCreateOpts{
		Name:           fmt.Sprintf("dev-server-%d", number),
		ServerType:     serverType,
		Image:          image,
		Location:       &hcloud.Location{Name: "nbg1"},
		SSHKeys:        []*hcloud.SSHKey{m.key},
		UserData:       "#cloud-config\n",
		Labels:         map[string]string{"stage": "dev", "number": fmt.Sprint(number)},
		Firewalls:      []*hcloud.ServerCreateFirewall{{Firewall: *m.firewall}},
		PlacementGroup: m.group,
		PublicNet:      public,
	}))
	d.wait(append([]*hcloud.Action{created.Action}, created.NextActions...)...)
	address := net.ParseIP(fmt.Sprintf("10.10.0.1%d", number))
	d.wait(must(c.Server.AttachToNetwork(d.ctx, created.Server, hcloud.ServerAttachToNetworkOpts{Network: m.network, IP: address})))
	return must(c.Server.GetByID(d.ctx, created.Server.ID))
}

func (d *driver) balancer(m made) *hcloud.LoadBalancer {
	c := d.client
	created := must(c.LoadBalancer.Create(d.ctx, hcloud.LoadBalancerCreateOpts{Name: "api", LoadBalancerType: &hcloud.LoadBalancerType{Name: "lb11"}, Location: &hcloud.Location{Name: "nbg1"}}))
	d.wait(created.Action)
	lb := created.LoadBalancer
	d.wait(must(c.LoadBalancer.AttachToNetwork(d.ctx, lb, hcloud.LoadBalancerAttachToNetworkOpts{Network: m.network, IP: net.ParseIP("10.10.0.5")})))
	d.wait(must(c.LoadBalancer.AddService(d.ctx, lb, hcloud.LoadBalancerAddServiceOpts{
		Protocol: hcloud.LoadBalancerServiceProtocolTCP, ListenPort: hcloud.Ptr(6443), DestinationPort: hcloud.Ptr(6443),
		HealthCheck: &hcloud.LoadBalancerAddServiceOptsHealthCheck{
			Protocol: hcloud.LoadBalancerServiceProtocolHTTP, Port: hcloud.Ptr(6443), Interval: hcloud.Ptr(15 * time.Second),
			Timeout: hcloud.Ptr(10 * time.Second), Retries: hcloud.Ptr(3),
			HTTP: &hcloud.LoadBalancerAddServiceOptsHealthCheckHTTP{Path: hcloud.Ptr("/readyz"), StatusCodes: []string{"200", "401"}, TLS: hcloud.Ptr(true)},
		},
	})))
	for _, server := range m.servers[:2] {
		d.wait(must(c.LoadBalancer.AddServerTarget(d.ctx, lb, hcloud.LoadBalancerAddServerTargetOpts{Server: server, UsePrivateIP: hcloud.Ptr(true)})))
	}
	return must(c.LoadBalancer.GetByID(d.ctx, lb.ID))
}

func (d *driver) destroy(m made) {
	c := d.client
	for _, server := range m.servers {
		d.wait(must(c.Server.DeleteWithResult(d.ctx, server)).Action)
	}
	d.addressAfter(m)
	_, err := c.LoadBalancer.Delete(d.ctx, m.balancer)
	check(err)
	_, err = c.Firewall.Delete(d.ctx, m.firewall)
	check(err)
	_, err = c.PlacementGroup.Delete(d.ctx, m.group)
	check(err)
	d.wait(must(c.Network.DeleteSubnet(d.ctx, m.network, hcloud.NetworkDeleteSubnetOpts{Subnet: hcloud.NetworkSubnet{IPRange: cidr("10.10.0.0/24")}})))
	_, err = c.Network.Delete(d.ctx, m.network)
	check(err)
	_, err = c.SSHKey.Delete(d.ctx, m.key)
	check(err)
	gone := must(c.Server.GetByID(d.ctx, m.servers[0].ID))
	d.seen["gone"] = gone == nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := hcloud.NewClient(
		hcloud.WithEndpoint(os.Getenv("HCLOUD_ENDPOINT")),
		hcloud.WithToken(os.Getenv("HCLOUD_TOKEN")),
		hcloud.WithPollOpts(hcloud.PollOpts{BackoffFunc: hcloud.ConstantBackoff(5 * time.Millisecond)}),
		hcloud.WithRetryOpts(hcloud.RetryOpts{BackoffFunc: hcloud.ConstantBackoff(5 * time.Millisecond), MaxRetries: 5}),
	)
	d := &driver{ctx: ctx, client: client, seen: seen{}}
	m := d.foundations(os.Getenv("SSH_PUBLIC_KEY"))
	address, public := d.address()
	m.address = address
	for number := 1; number <= 3; number++ {
		m.servers = append(m.servers, d.server(m, number, public))
		public = nil
	}
	m.balancer = d.balancer(m)
	d.describe(m)
	d.catalogue()
	d.outOfStock()
	d.lists()
	d.refusals(m)
	d.keeps(m)
	d.destroy(m)
	check(json.NewEncoder(os.Stdout).Encode(d.seen))
}
