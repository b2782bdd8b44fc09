import Core
import Gateway
import PodNetwork

/// The modules that the program has. The order decides who wins where two want different things.
enum BuiltinModules {
    private static let all: [any Module.Type] = [PodNetworkModule.self, GatewayModule.self]

    static var manifests: [Manifest] { all.map { $0.manifest } }

    /// Whether a module has anything to do in this daemon.
    static func belongs(_ name: String, to scope: Engine.Scope) -> Bool {
        guard let type = all.first(where: { $0.manifest.name == name }) else { return false }
        return scope == .node ? type is any NodeModule.Type : type is any ClusterModule.Type
    }

    static func enable(_ name: String, in engine: Engine) throws(Rejection) {
        guard let type = all.first(where: { $0.manifest.name == name }) else { return }
        switch engine.scope {
        case .node: if let type = type as? any NodeModule.Type { try engine.enable(make(type)) }
        case .cluster: if let type = type as? any ClusterModule.Type { try engine.enable(make(type)) }
        }
    }

    private static func make<M: NodeModule>(_ type: M.Type) throws(Rejection) -> any NodeModule { try M(.init()) }
    private static func make<M: ClusterModule>(_ type: M.Type) throws(Rejection) -> any ClusterModule {
        try M(.init())
    }
}
