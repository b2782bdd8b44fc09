import Core
import Gateway
import LiveMigration
import Model
import Multicast
import NameService
import NetworkPolicy
import PodNetwork
import Services

/// The modules that the program has. The order decides who wins where two want different things.
enum BuiltinModules {
    private static let all: [any Module.Type] = [
        PodNetworkModule.self, GatewayModule.self, ServicesModule.self, NameServiceModule.self,
        LiveMigrationModule.self, NetworkPolicyModule.self, MulticastModule.self,
        ObjectProblemsModule.self,
    ]

    static var manifests: [Manifest] { all.map { $0.manifest } }

    /// What can be set for them: the settings that they read.
    static var settings: [any ModuleSettings.Type] {
        var known: Set<String> = []
        return manifests.flatMap(\.reads).compactMap { $0 as? any ModuleSettings.Type }
            .filter { known.insert($0.kind).inserted }
    }

    static func enable(_ name: String, in engine: Engine) throws(Rejection) {
        guard let type = all.first(where: { $0.manifest.name == name }) else { return }
        switch engine.scope {
        case .node: if let type = type as? any NodeModule.Type { try enable(type, engine) }
        case .cluster: if let type = type as? any ClusterModule.Type { try enable(type, engine) }
        }
    }

    private static func enable<M: NodeModule>(_ type: M.Type, _ engine: Engine) throws(Rejection) {
        try engine.enable(M())
    }

    private static func enable<M: ClusterModule>(_ type: M.Type, _ engine: Engine) throws(Rejection) {
        try engine.enable(M())
    }
}
