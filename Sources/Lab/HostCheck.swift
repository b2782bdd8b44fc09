import Glibc
import Linux

/// What a machine must have for a lab: all that is missing is told at once, each with its cure.
public struct HostCheck: Sendable {
    private static let programs = [
        ("ovsdb-server", "openvswitch-switch"), ("ovs-vswitchd", "openvswitch-switch"),
        ("ovs-vsctl", "openvswitch-switch"), ("ovn-northd", "ovn-central"), ("ovn-controller", "ovn-host"),
        ("ovn-nbctl", "ovn-common"), ("ip", "iproute2"), ("nft", "nftables"), ("unshare", "util-linux"),
    ]

    public init() {}

    /// A line about the machine; throws what is missing. Blocks.
    public func run() throws -> String {
        var faults: [String] = []
        if geteuid() != 0 { faults.append("needs root: network namespaces are made") }
        var packages: [String] = []
        for (program, package) in Self.programs where Self.path(of: program) == nil {
            faults.append("\(program) is missing")
            if !packages.contains(package) { packages.append(package) }
        }
        if !Files.exists("/dev/net/tun") {
            faults.append("/dev/net/tun is missing: the bridges of Open vSwitch need it")
        }
        let instances = (KernelSettings.value("fs/inotify/max_user_instances")).flatMap { Int($0) } ?? 128
        if instances < 64 { faults.append("fs.inotify.max_user_instances is \(instances), less than 64") }
        guard faults.isEmpty else {
            let next =
                geteuid() != 0
                ? "run it with sudo"
                : packages.isEmpty ? nil : "apt install \(packages.joined(separator: " "))"
            throw LabFailure(
                "this machine cannot run a lab (HostCheck)", because: faults.joined(separator: "; "), next: next)
        }
        return "root, OVS \(version("ovs-vswitchd")), OVN \(version("ovn-northd"))"
    }

    static func path(of program: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    /// `ovs-vswitchd (Open vSwitch) 3.1.0` is 3.1.0.
    private func version(_ program: String) -> String {
        let text = (try? Command(program, "--version").run()) ?? ""
        return text.split(whereSeparator: \.isNewline).first?.split(separator: " ").last.map(String.init) ?? "?"
    }
}
