public import Core
public import Model

/// Addresses for a match: the contents of address sets, and networks.
public struct Addresses: Hashable, Sendable {
    private enum Element: Hashable, Sendable, Comparable {
        case network(IPNetwork)
        case set(String, Family)

        var family: Family {
            switch self {
            case .network(let network): network.family
            case .set(_, let family): family
            }
        }

        var text: String {
            switch self {
            case .network(let network):
                network.length == network.family.bits ? network.address.description : network.network.description
            case .set(let name, _): "$\(name)"
            }
        }
    }

    private var elements: Set<Element> = []

    public init() {}
    public init(_ networks: some Sequence<IPNetwork>) { elements = Set(networks.map { .network($0.network) }) }
    public init(_ addresses: some Sequence<IPAddress>) { self.init(addresses.map(IPNetwork.init(host:))) }

    /// The contents of an address set, all of one family.
    public init(_ set: RowRef<AddressSet>, _ family: Family) { elements = [.set(set.row.key, family)] }

    public var isEmpty: Bool { elements.isEmpty }

    public mutating func formUnion(_ other: Addresses) { elements.formUnion(other.elements) }

    public func union(_ other: Addresses) -> Addresses {
        var all = self
        all.formUnion(other)
        return all
    }

    /// Those of the families in use.
    public func only(_ families: [Family]) -> Addresses {
        var result = self
        result.elements = elements.filter { families.contains($0.family) }
        return result
    }

    func texts(_ family: Family) -> [String] { elements.filter { $0.family == family }.sorted().map(\.text) }

    /// The same for equal addresses, in any run of the program.
    public var canonical: String { Family.allCases.flatMap(texts).joined(separator: ",") }
}
