import Core
import Linux
import Model
import Testing

@testable import Lab

extension Packets.Services {
    @Test(
        "are reached from a host, a pod and outside, whoever serves, also when the first packet is lost",
        .timeLimit(.minutes(3)))
    func fromHost() async throws {
        try await HostToServices(lab: Packets.lab(), local: "s1", remote: "s2").check()
    }
}

extension Packets.OnlyV4 {
    @Test("services are reached from a host, a pod and outside, whoever serves, also when the first packet is lost")
    func fromHost() async throws { try await HostToServices(lab: Packets.lab(), local: "a1", remote: "b1").check() }
}

extension Packets.OnlyV6 {
    @Test("services are reached from a host, a pod and outside, whoever serves, also when the first packet is lost")
    func fromHost() async throws { try await HostToServices(lab: Packets.lab(), local: "a1", remote: "b1").check() }
}

extension Packets.V6First {
    @Test("services are reached from a host, a pod and outside, whoever serves, also when the first packet is lost")
    func fromHost() async throws { try await HostToServices(lab: Packets.lab(), local: "a1", remote: "b1").check() }
}

/// Node n1 asks four services: of a pod of its own, a pod of n2, itself, and n2. A pod of n1 and the outside ask them
/// too, the latter by their node ports.
struct HostToServices {
    let lab: PacketLab
    /// Pods of n1 and n2.
    let local: String
    let remote: String

    private static let hostPort = 18_095

    private struct Backend {
        let name: String
        let number: Int
        let place: String
        let port: Int
    }

    private var backends: [Backend] {
        [
            Backend(name: local, number: 81, place: "t/\(local)", port: 8080),
            Backend(name: remote, number: 82, place: "t/\(remote)", port: 8080),
            Backend(name: "n1", number: 83, place: "node:n1", port: Self.hostPort),
            Backend(name: "n2", number: 84, place: "node:n2", port: Self.hostPort),
        ]
    }

    private func virtual(_ backend: Backend, _ family: Family) throws -> IPAddress {
        try #require(IPAddress(family == .v4 ? "10.96.0.\(backend.number)" : "fd00:10:96::\(backend.number)"))
    }

    func check() async throws {
        try await lab.answering("node:n1", Self.hostPort, as: "n1") {
            try await lab.answering("node:n2", Self.hostPort, as: "n2") {
                let captures = [
                    try await Capture.start(lab, "node:n1", "e0", "ip or ip6"),
                    try await Capture.start(lab, "node:n2", "e0", "ip or ip6"),
                ]
                try await put()
                try await askOften()
                try await askFromElsewhere()
                try await askWithLoss()
                try await inspect(captures)
            }
        }
        for node in lab.record.nodes { #expect(try await lab.recirculationDrops(node) == "0\n", "\(node)") }
        try Files.remove("\(lab.directory)/manifests/host-to-services.yaml")
    }

    /// Without loss.
    func askEverybody() async throws {
        try await lab.answering("node:n1", Self.hostPort, as: "n1") {
            try await lab.answering("node:n2", Self.hostPort, as: "n2") {
                try await put()
                try await askOften()
                try await askFromElsewhere()
            }
        }
        try Files.remove("\(lab.directory)/manifests/host-to-services.yaml")
    }

    private func put() async throws {
        var text = ""
        for backend in backends {
            let addresses = try lab.families.map { "\"\(try virtual(backend, $0))\"" }.joined(separator: ", ")
            text += """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: to-\(backend.name), namespace: t}
                spec:
                  type: NodePort
                  clusterIPs: [\(addresses)]
                  ports:
                  - {name: p, port: 80, nodePort: \(nodePort(backend))}
                  - {name: u, port: 80, protocol: UDP, nodePort: \(nodePort(backend))}
                  sessionAffinity: ClientIP

                """
            for family in lab.families {
                text += """
                    ---
                    apiVersion: discovery.k8s.io/v1
                    kind: EndpointSlice
                    metadata:
                      name: to-\(backend.name)-\(family.rawValue)
                      namespace: t
                      labels: {kubernetes.io/service-name: to-\(backend.name)}
                    addressType: \(family)
                    ports: [{name: p, port: \(backend.port)}, {name: u, port: \(backend.port), protocol: UDP}]
                    endpoints: [{addresses: ["\(try await lab.address(backend.place, family))"]}]

                    """
            }
        }
        try Files.write("\(lab.directory)/manifests/host-to-services.yaml", text)
        for backend in backends {
            for family in lab.families {
                try await lab.waitFor("node:n1", virtual(backend, family), 80, [backend.name])
            }
        }
    }

    private func nodePort(_ backend: Backend) -> Int { 30_000 + backend.number }

    private func askFromElsewhere() async throws {
        for backend in backends {
            for family in lab.families {
                let ways = [
                    Way(from: "t/\(local)", to: try virtual(backend, family), port: 80),
                    Way(from: "outside", to: try await lab.address("node:n1", family), port: nodePort(backend)),
                    Way(from: "outside", to: try await lab.address("node:n2", family), port: nodePort(backend)),
                ]
                for way in ways {
                    try await lab.waitFor(way.from, way.to, way.port, [backend.name])
                    let outcomes = try await lab.connect(way.from, way.to, way.port, times: 3)
                    #expect(
                        outcomes.count == 3 && outcomes.allSatisfy { $0.name == backend.name }, "\(way): \(outcomes)")
                    // The host sends datagrams to its own pods with its address on their network: its server would have
                    // to choose the one that was asked.
                    if backend.name == "n1" && way.from != "outside" { continue }
                    let datagrams = try await lab.datagrams(way, times: 3)
                    #expect(
                        datagrams.count == 3 && datagrams.allSatisfy { $0.name == backend.name }, "\(way): \(datagrams)"
                    )
                }
            }
        }
    }

    private func askOften() async throws {
        for backend in backends {
            for family in lab.families {
                let outcomes = try await lab.connect("node:n1", virtual(backend, family), 80, times: 20)
                let good = outcomes.count { $0.name == backend.name }
                #expect(good == 20, "\(backend.place) over \(family): \(outcomes.filter { $0.name != backend.name })")
            }
        }
    }

    /// Every connection's first packet is dropped where it arrives.
    private func askWithLoss() async throws {
        for backend in backends {
            let rule = "add rule inet ovbt in tcp dport \(backend.port) tcp flags & (syn | ack) == syn"
            try await lab.shell(
                backend.place,
                """
                nft -f - <<E
                add table inet ovbt
                add set inet ovbt seen { type inet_service; flags dynamic; size 1000; }
                add chain inet ovbt in { type filter hook input priority -300; }
                \(rule) tcp sport @seen accept
                \(rule) add @seen { tcp sport } counter drop
                E
                """)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for backend in backends {
                for family in lab.families { group.addTask { try await askThrice(backend, family) } }
            }
            try await group.waitForAll()
        }
        for backend in backends {
            let dropped = try await lab.shell(
                backend.place, "nft list chain inet ovbt in | grep -o 'packets [0-9]*'; nft delete table inet ovbt")
            // Two that have the same port by chance count once.
            let count = dropped.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 0
            #expect(count >= 3 * lab.families.count - 1, "\(backend.place): \(dropped)")
        }
    }

    private func askThrice(_ backend: Backend, _ family: Family) async throws {
        let address = try virtual(backend, family)
        let server = family == .v4 ? "TCP4:\(address):80" : "TCP6:[\(address)]:80"
        let one = """
            for try in 1 2 3; do
              b=$(date +%s%N); w=$(socat -T8 -u \(server),connect-timeout=8 - 2>&1 | tail -1)
              ms=$((($(date +%s%N) - b) / 1000000))
              case "$w" in \(backend.name)*) break ;; esac
            done
            echo $ms $w
            """
        let lines = try await lab.shell(
            "node:n1", "(for i in 1 2 3; do (\(one)) & done; wait) | cat", deadline: .seconds(60)
        ).split(
            separator: "\n")
        for words in lines.map({ $0.split(separator: " ") }) {
            let milliseconds = words.first.flatMap { Int($0) } ?? 0
            #expect(words.dropFirst().first.map(String.init) == backend.name, "\(backend.place) \(family): \(words)")
            // Sent again after a second; how long that takes is for the machine to say.
            #expect(milliseconds >= 900, "\(backend.place) \(family): \(words)")
        }
        #expect(lines.count == 3)
    }

    /// Nothing may have left a node in the name of an address that only it knows, inside a tunnel or outside.
    private func inspect(_ captures: [Capture]) async throws {
        let outside = try await lab.address("outside", lab.families[0])
        for (node, capture) in zip(["n1", "n2"], captures) {
            let own = try await lab.address("node:\(node)", lab.families[0])
            #expect(try await lab.pings("node:\(node)", outside))
            let lines = try await capture.lines(upTo: "\(own) > \(outside)")
            let foreign = lines.filter { line in
                let words = line.split(separator: " ")
                return zip(words, words.dropFirst()).contains { source, arrow in
                    arrow == ">" && (source.hasPrefix("169.254.") || source.hasPrefix("fd69:"))
                }
            }
            #expect(foreign.isEmpty, "\(foreign.prefix(3))")
            // What must be there, in tunnels and without.
            for port in [".6081: Geneve", ".\(Self.hostPort): Flags [S]", ".8080: Flags [S]"] {
                #expect(lines.contains { $0.contains(port) }, "nothing to\(port) seen on \(node)")
            }
        }
    }
}
