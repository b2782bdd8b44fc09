import Core
import Gateway
import PodNetwork

/// The modules that the program has. The order decides who wins where two want different things.
enum BuiltinModules {
    static func node() throws(Rejection) -> [any NodeModule] {
        [try PodNetworkModule(.init()), try GatewayModule(.init())]
    }

    static func cluster() throws(Rejection) -> [any ClusterModule] { [try PodNetworkModule(.init())] }

    static let manifests: [Manifest] = [PodNetworkModule.manifest, GatewayModule.manifest]
}
