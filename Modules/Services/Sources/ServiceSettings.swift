import Core
public import Model

/// What an operator can set for services.
public struct ServiceSettings: ModuleSettings, Hashable {
    public static let kind = "ServiceSettings"
    public static let settings = [emptyEvents]

    private static let emptyEvents = Setting(
        "kubernetes", "ovn-empty-lb-events", "false",
        "an idle service without endpoints asks for them by an event instead of refusing")

    /// Whether services can be idle.
    public var knowsIdle = false

    public init() {}
    public init(knowsIdle: Bool) { self.knowsIdle = knowsIdle }
    public init(_ reader: inout SettingsReader) { knowsIdle = reader.boolean(Self.emptyEvents) }

    /// Somebody took its endpoints away until a client comes, and has annotated it under a domain of his own.
    func isIdle(_ service: Service) -> Bool {
        knowsIdle && service.annotations.keys.contains { $0.hasSuffix("/idled-at") }
    }
}
