import Core
import Glibc
import Linux
import Model
import Testing

@testable import Lab

extension Packets {
    @Suite(
        "Virtual machines",
        InLab(
            name: "t-vm-\(getpid() % 10_000)", nodes: 2, families: .v4v6,
            pods: [LabPod("home", on: "n1"), LabPod("away", on: "n2")]))
    struct Machines {}
}

extension Packets.Machines {
    private static let places = ["t/home", "t/away", "node:n1", "node:n2"]

    /// Everybody reaches the machine and it reaches everybody.
    private func expectReached(
        _ machine: LabMachine, _ lab: PacketLab, at addresses: [IPAddress], _ when: String
    ) async throws {
        for address in addresses {
            for place in Self.places {
                #expect(try await lab.pings(place, address), "\(place) to \(address) \(when)")
            }
            for place in Self.places + ["outside"] {
                let target = try await lab.address(place, address.family)
                let isAnswered = try await eventually(within: .seconds(3)) {
                    try await !machine.shell("ping -n -q -c1 -W1 \(target) >/dev/null && echo yes || true").isEmpty
                }
                #expect(isAnswered, "\(address) to \(place) \(when)")
            }
            for node in lab.record.nodes {
                let entry = try await lab.address("node:\(node)", address.family)
                let server = address.family == .v4 ? "TCP4:\(entry)" : "TCP6:[\(entry)]"
                let isEchoed = try await eventually(within: .seconds(5)) {
                    try await lab.shell("outside", "echo hello | socat -t3 - \(server):30070 || true") == "hello\n"
                }
                #expect(isEchoed, "outside by \(node) to \(address) \(when)")
            }
        }
    }

    /// A port of every node that leads to the machine.
    private func publish(_ addresses: [IPAddress], _ lab: PacketLab) throws {
        let slices = addresses.map { address in
            """
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: vm-\(address.family.rawValue), namespace: t, labels: {kubernetes.io/service-name: vm}}
            addressType: \(address.family)
            ports: [{port: 9000, protocol: TCP}]
            endpoints: [{addresses: ["\(address)"]}]

            """
        }
        try Files.write(
            "\(lab.directory)/manifests/service.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: vm, namespace: t}
            spec:
              type: NodePort
              clusterIPs: [10.96.0.70, "fd00:10:96::70"]
              ipFamilies: [IPv4, IPv6]
              ports: [{port: 9000, nodePort: 30070, protocol: TCP}]

            """ + slices.joined())
    }

    /// A connection to the machine, on which lines go there and come back, one each tenth of a second. Returns when the
    /// first is back.
    private func talk(_ lab: PacketLab, _ place: String, _ address: IPAddress, lines: Int) async throws -> Listener {
        let server = address.family == .v4 ? "TCP4:\(address):9000" : "TCP6:[\(address)]:9000"
        let script = "(for i in $(seq \(lines)); do echo $i; sleep 0.1; done) | socat -t5 - \(server)"
        return try await Listener.start(lab, place, "sh -c '\(script)'", begins: "1")
    }

    /// The hand-over, while everybody talks with the machine.
    private func goOver(
        _ machine: LabMachine, _ lab: PacketLab, at addresses: [IPAddress], from: String, to: String, on node: String
    ) async throws {
        var talks: [(who: String, heard: Listener)] = []
        for place in Self.places {
            for address in addresses {
                talks.append(("\(place) by \(address.family)", try await talk(lab, place, address, lines: 60)))
            }
        }
        try await machine.move(from: from, to: to)
        try lab.add(LabMachine.pod(to, on: node, since: "2026-12-01T10:00:0\(to.suffix(1))Z", isReady: true))
        for place in Self.places {
            #expect(try await lab.pings(place, addresses[0], within: 1), "\(place) at once after the hand-over")
        }
        for talk in talks {
            let isWhole = try await eventually(within: .seconds(15)) { talk.heard.lines.count == 60 }
            #expect(isWhole, "\(talk.who), \(from) to \(to): \(talk.heard.lines.count) lines of 60 came back")
        }
    }

    @Test(
        "keep addresses, lease, router and connections from node to node and back",
        .timeLimit(.minutes(5)))
    func move() async throws {
        let lab = try Packets.lab()
        try await lab.run(LabMachine.pod("vm-1", on: "n1", isReady: true))
        let addresses = [try await lab.address("t/vm-1", .v4), try await lab.address("t/vm-1", .v6)]
        let machine = try await LabMachine.start(lab, in: "vm-1")
        let lease = "\(addresses[0])/32 169.254.1.1 vm 1400 3500\n"
        #expect(try await eventually(within: .seconds(15)) { try await machine.lease() == lease })
        #expect(
            try await eventually(within: .seconds(20)) { try await machine.leaseV6().contains("\(addresses[1])/128 ") })
        let hasRoute = try await eventually(within: .seconds(15)) {
            try await machine.shell("ip -6 route show default").contains("via fe80::858:a9ff:fefe:101 ")
        }
        #expect(hasRoute)
        try await machine.echo(on: 9000)
        try publish(addresses, lab)
        try await expectReached(machine, lab, at: addresses, "at home")

        for (from, to, node) in [("vm-1", "vm-2", "n2"), ("vm-2", "vm-3", "n1")] {
            try await lab.run(LabMachine.pod(to, on: node))
            for address in addresses { #expect(try await lab.address("t/\(to)", address.family) == address) }
            try await LabMachine.bind(lab, to)
            try await expectReached(machine, lab, at: addresses, "while \(to) waits")
            try await goOver(machine, lab, at: addresses, from: from, to: to, on: node)
            #expect(try await machine.lease() == lease, "asked again in \(to)")
            try await expectReached(machine, lab, at: addresses, "in \(to)")
            var ended = LabMachine.pod(from, on: node == "n1" ? "n2" : "n1", isReady: true)
            ended.isEnded = true
            try lab.add(ended)
            try await lab.report { report in !report.pods.contains { $0.name == from } }
            try await expectReached(machine, lab, at: addresses, "when \(from) has ended")
        }
        try await lab.restartDaemon("n1")
        try await expectReached(machine, lab, at: addresses, "with a new daemon")
        let left = try await lab.shell(
            "node:n1", "ovn-nbctl --bare --columns=name list logical_router_port | grep rtog_ || true")
        #expect(left.isEmpty)
    }
}
