import Model

/// Where the datagrams to an address and port are led, or were.
struct DatagramWay: Hashable, Comparable {
    let service: TransportAddress
    let backend: TransportAddress

    static func < (a: DatagramWay, b: DatagramWay) -> Bool { (a.service, a.backend) < (b.service, b.backend) }

    /// What the switch matches a connection's first direction with.
    var original: String {
        "\(Self.field(service))_dst=\(service.address),ct_nw_proto=17,ct_tp_dst=\(service.port)"
    }

    /// And the other.
    var reply: String {
        "\(Self.field(backend))_src=\(backend.address),ct_nw_proto=17,ct_tp_src=\(backend.port)"
    }

    private static func field(_ end: TransportAddress) -> String {
        end.address.family == .v4 ? "ct_nw" : "ct_ipv6"
    }
}

extension DatagramWay {
    /// `udp,orig=(src=A,dst=B,sport=1,dport=2),reply=(src=C,dst=A,sport=3,dport=1),zone=7`.
    init?(tracked line: some StringProtocol) {
        guard line.hasPrefix("udp,orig=(") else { return nil }
        let words = line.split { "(),".contains($0) }
        func all(_ name: String) -> [Substring] {
            words.filter { $0.hasPrefix("\(name)=") }.map { Substring($0.dropFirst(name.count + 1)) }
        }
        func end(_ address: Substring?, _ port: Substring?) -> TransportAddress? {
            guard let address = address.flatMap({ IPAddress($0) }), let port = port.flatMap({ Int($0) }) else {
                return nil
            }
            return TransportAddress(address, port)
        }
        guard let service = end(all("dst").first, all("dport").first),
            let backend = end(all("src").last, all("sport").last)
        else { return nil }
        self.init(service: service, backend: backend)
    }
}
