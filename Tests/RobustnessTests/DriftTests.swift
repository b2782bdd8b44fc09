import Linux
import Model
import Testing

@testable import Lab

extension Robustness {
    /// What somebody does by hand to rows of ours is put right; what is not ours stays.
    @Suite(.serialized, .lab("drift", nodes: 2, pods: ["n1": ["a", "c"], "n2": ["b"]]))
    struct Drift {
        let lab: RealLab

        init() throws { lab = try RealLab.current }

        /// Something done by hand on node n1, and how soon it must be undone.
        struct Harm: Sendable, CustomTestStringConvertible {
            let what: String
            let commands: [String]
            var limit = Duration.seconds(20)
            var testDescription: String { what }

            init(_ what: String, _ commands: String..., within limit: Duration = .seconds(20)) {
                self.what = what
                self.commands = commands
                self.limit = limit
            }
        }

        /// Put beside our rows before anything is harmed; part of every picture, so it must be there afterwards too.
        static let foreign = [
            "ovn-nbctl --may-exist ls-add alien -- --may-exist lsp-add alien alien-port",
            "ovs-vsctl --may-exist add-br alien -- set Bridge alien datapath_type=netdev",
            "ovs-vsctl set Open_vSwitch . external_ids:alien=yes",
            "ovs-ofctl -O OpenFlow15 add-flow unix:$OVS_RUNDIR/bre0.mgmt cookie=0x77,priority=1,udp,tp_dst=9,actions=drop",
            "ip address replace 192.0.2.1/32 dev lo",
            "ip route replace 198.51.100.0/24 via 172.30.0.100",
            "ip neigh replace 172.30.0.99 lladdr 02:00:00:00:00:99 dev bre0 nud permanent",
            "nft add table inet alien",
            "nft add chain inet alien input '{ type filter hook input priority 0; }'",
        ]

        private static let list = "ovn-nbctl --bare --columns=_uuid list"

        /// A policy and a service, for rows of other modules.
        private static let more = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: guard, namespace: shop}
            spec:
              podSelector: {matchLabels: {app: c}}
              policyTypes: [Ingress]
              ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec:
              clusterIP: 10.96.0.20
              clusterIPs: [10.96.0.20]
              selector: {app: a}
              ports: [{port: 80, targetPort: 8080}]
            """

        /// What shows that these are in force: the policy's own pod, the service's own address.
        private static let ports =
            "ovn-nbctl --bare --columns=ports find Port_Group 'external_ids:\"k8s.ovn.org/owner-type\"=NetpolDefault'"
        private static let balancer = "ovn-nbctl --bare --columns=vips list Load_Balancer | grep 10.96.0.20"

        static let harms = [
            Harm("a pod's logical port deleted", "ovn-nbctl lsp-del shop_a"),
            Harm("a pod's logical port given other addresses", "ovn-nbctl lsp-set-addresses shop_a 02:00:00:00:00:01"),
            Harm("all routes of the cluster router deleted", "ovn-nbctl lr-route-del ovn_cluster_router"),
            Harm("all NAT rows deleted", "ovn-nbctl lr-nat-del GR_n1"),
            Harm("the gateway router deleted", "ovn-nbctl lr-del GR_n1"),
            Harm(
                "a router port given another network",
                "ovn-nbctl set Logical_Router_Port rtoj-GR_n1 networks=192.0.2.9/24"),
            Harm(
                "the rules of a policy deleted",
                "for g in $(\(list) Port_Group); do ovn-nbctl clear Port_Group $g acls; done"),
            Harm("a rule of a policy edited", "for a in $(\(list) ACL); do ovn-nbctl set ACL $a action=drop; done"),
            Harm("the load balancers deleted", "ovn-nbctl --all destroy Load_Balancer"),
            Harm("the address sets deleted", "ovn-nbctl --all destroy Address_Set"),
            Harm("a remote chassis deleted", "ovn-sbctl chassis-del n2"),
            Harm("another node's port deleted", "ovn-nbctl lsp-del tstor-n2"),
            Harm("a remote port unbound", "ovn-sbctl clear Port_Binding tstor-n2 chassis"),
            Harm("an interface's iface-id removed", "ovs-vsctl remove Interface ovn-k8s-mp0 external_ids iface-id"),
            Harm("the management port deleted", "ovs-vsctl del-port br-int ovn-k8s-mp0"),
            Harm("the network card taken out of its bridge", "ovs-vsctl del-port bre0 e0"),
            Harm("the tunnel's address removed", "ovs-vsctl remove Open_vSwitch . external_ids ovn-encap-ip"),
            Harm(
                "the management port's address deleted",
                "ip address flush dev ovn-k8s-mp0 scope global to 10.244.0.0/16"),
            Harm("the route to the pods deleted", "ip route del 10.244.0.0/16"),
            Harm(
                "a neighbour deleted",
                "for n in $(ip neigh show nud permanent dev ovn-k8s-mp0 | cut -d' ' -f1); do ip neigh del $n dev ovn-k8s-mp0; done"
            ),
            Harm("a chain of the packet filter deleted", "nft delete table inet ovenbird; true"),
            Harm("a kernel setting changed", "sysctl -q -w net.ipv4.conf.ovn-k8s-mp0.rp_filter=1"),
        ]

        @Test("flows and status files that somebody removes or edits are back within half a minute")
        func slowOnes() async throws {
            try await lab.settled()
            let picture = try Picture(lab, "n1")
            let file = "\(lab.paths.status)/n1/Node..n1.json"
            let text = try Files.read(file)
            for harm in ["rm \(file)", "echo nonsense > \(file)"] {
                try shell(harm)
                try await until("the status file is as before: \(harm)", within: .seconds(20)) {
                    try Files.read(file) == text
                }
            }
            let mask = "cookie=0x6f76656e00000000/0xffffffff00000000"
            try shell("ovs-ofctl -O OpenFlow15 del-flows unix:$OVS_RUNDIR/bre0.mgmt \(mask)")
            let time = try await until("the flows are back", within: .seconds(30)) {
                try Picture(lab, "n1").differences(to: picture).isEmpty
            }
            print("measured: flows deleted: right after \(time)")
        }

        private func shell(_ command: String) throws { try lab.run("node:n1", "sh", "-c", command) }

        private func setForeign() async throws {
            for command in Self.foreign { try shell(command) }
        }

        /// How often the daemon has changed what it does not tell, but for its own status files.
        private func writes() async throws -> Int {
            try await lab.daemon("n1").writes().filter { $0.key != "status" }.values.reduce(0, +)
        }

        @Test("what is harmed by hand is put right, and what is not ours stays", arguments: harms)
        func isRepaired(_ harm: Harm) async throws {
            try await setForeign()
            try RealLab.write(Self.more, to: "\(lab.manifests)/more.yaml")
            try await until("policy and service are in force") {
                try [Self.ports, Self.balancer].allSatisfy {
                    try lab.run("node:n1", "sh", "-c", $0).contains { !$0.isWhitespace }
                }
            }
            try await lab.settled()
            let picture = try Picture(lab, "n1")
            let writes = try await writes()
            for command in harm.commands { try shell(command) }
            let time = try await until("\(harm.what): as before", within: harm.limit) {
                let differences = try Picture(lab, "n1").differences(to: picture)
                if !differences.isEmpty { throw Words(differences.joined(separator: "\n")) }
                return true
            }
            print("measured: \(harm.what): right after \(time)")
            // A harm that does no harm proves nothing.
            // No event tells of a kernel setting: it is found when everything is compared.
            if harm.what.contains("kernel setting") { _ = try await lab.daemon("n1").audit() }
            try await until("\(harm.what): the daemon has written something", within: .seconds(45)) {
                try await self.writes() > writes
            }
            for (from, to) in [("node:n1", "shop/a"), ("shop/a", "shop/b"), ("shop/a", "outside")] {
                #expect(try lab.probe.pings(from, lab.address(to)), "\(harm.what): \(from) to \(to)")
            }
        }
    }
}
