import Core

/// What the zone's northbound database can hold that not every OVN's can; there is one, named `.`.
///
/// Told by the schema that the server serves, never by the version of OVN. A lost connection changes nothing; a server
/// that comes back with another schema does.
public struct NorthboundSchema: Kind, Hashable {
    public static let kind = "NorthboundSchema"
    public static let singleton = "."
    public var name: String { Self.singleton }
    /// Whether rules lie in tiers, and may pass a packet on to the next one (OVN 23.06).
    public let hasTiers: Bool

    public init(hasTiers: Bool) { self.hasTiers = hasTiers }
}
