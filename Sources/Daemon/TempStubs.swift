import Core
import Linux
import Model
import OVSDB
struct NetlinkFeed: Feed { let name = "netlink"; func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {} }
struct VSwitchFeed: Feed { let name = "ovs"; init(_ d: Database) {}; func run(_ emit: @escaping @Sendable (FeedEvent) -> Void) async throws {} }
struct HostPlane: Plane { let name = "host"; struct C { init(ovsDirectory: String) {} }; init(_ c: C) throws {}; func apply(_ d: Delta) {}; func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {} }
struct OpenFlowPlane: Plane { let name = "of"; init(directory: String) throws {}; func apply(_ d: Delta) {}; func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {} }
