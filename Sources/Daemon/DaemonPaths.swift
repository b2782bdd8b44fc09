import Model
import Supervision

/// Where a daemon's sockets and files are, and where it finds its engine.
struct DaemonPaths: Sendable {
    let run: String
    /// Run by the daemon itself, or nil when the system runs it.
    let engine: NodeEngine?

    init(run: String, engine: NodeEngine? = nil) {
        self.run = run
        self.engine = engine
    }

    var control: String { "\(run)/control.sock" }
    var cni: String { "\(run)/cni.sock" }
    var attachments: String { "\(run)/attachments" }

    var switchDirectory: String { engine?.configuration.directory ?? "/run/openvswitch" }
    var vswitch: String { engine?.vswitchSocket ?? "/run/openvswitch/db.sock" }

    /// The address that is set, or that of the socket here.
    func northbound(_ access: DatabaseAccess) -> String {
        access.address ?? "unix:\(engine?.northboundSocket ?? "/run/ovn/ovnnb_db.sock")"
    }

    func southbound(_ access: DatabaseAccess) -> String {
        access.address ?? "unix:\(engine?.southboundSocket ?? "/run/ovn/ovnsb_db.sock")"
    }
}
