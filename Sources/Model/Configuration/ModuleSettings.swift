public import Core

/// What an operator can set for modules, as an object that handlers read like any other: when the configuration is read
/// again, what has changed is a changed object. A module that reads a kind of settings has these settings in its
/// daemon's configuration. There is one object of each kind, named `.`.
public protocol ModuleSettings: Kind {
    /// Where the values are, for the reference; `init(_:)` reads just these.
    static var settings: [Setting] { get }

    /// The defaults.
    init()
    init(_ reader: inout SettingsReader)
}

extension ModuleSettings {
    public static var singleton: String { "." }
    public var name: String { Self.singleton }
}

extension Cell {
    /// What is set, else the defaults.
    public mutating func settings<S: ModuleSettings>(_: S.Type = S.self) -> S {
        get(S.self, "", S.singleton) ?? S()
    }
}
