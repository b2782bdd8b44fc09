public import Model

/// The endpoints of a service's slices, with their addresses read once for all its ports.
public struct Endpoints: Sendable {
    struct Member {
        let addresses: [IPAddress]
        let endpoint: EndpointSlice.Endpoint
    }

    /// Those of one slice.
    struct Portion {
        let ports: [EndpointSlice.Port]
        let members: [Member]
    }

    let portions: [Portion]

    /// Addresses that are none, or of another family than their slice, are left out.
    public init(_ slices: [EndpointSlice]) {
        portions = slices.compactMap { slice in
            guard let family = slice.family else { return nil }
            let members = slice.endpoints.map { endpoint in
                Member(
                    addresses: endpoint.addresses.compactMap { IPAddress($0) }.filter { $0.family == family },
                    endpoint: endpoint)
            }
            return Portion(ports: slice.ports, members: members)
        }
    }
}

extension EndpointSlice.Port {
    /// Whether the endpoints answer for this port of the service.
    public func belongs(to port: Service.Port) -> Bool { name == port.name && transport == port.transport }

    /// Why nobody can send to it; nil when one can.
    public var fault: String? {
        guard let number else { return "it says no port" }
        return (1...65535).contains(number) ? nil : "\(number) is not from 1 to 65535"
    }
}
