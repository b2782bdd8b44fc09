import ArgumentParser
import Daemon
import Glibc
import Model

/// Settings as flags: every key of the configuration file may be given as `--KEY VALUE` too.
struct SettingFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration file, as OVN-Kubernetes writes it.", valueName: "file"))
    var config: String?

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("Settings: --cluster-subnets VALUE and so on; --help lists them.", valueName: "settings"))
    var settings: [String] = []

    /// By name without dashes. A flag that stands alone is `true`; a repeated one is joined by commas.
    func values() throws -> [String: String] {
        var values: [String: String] = [:]
        var rest = settings[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                throw ValidationError("'\(word)' is no setting: write --NAME VALUE")
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard
                DaemonProcess.settings.contains(where: { $0.flag == name }) || name.hasPrefix("enable-")
                    || name == "modules"
            else {
                let hint =
                    nearest(to: name, in: DaemonProcess.settings.map(\.flag)).map { "; did you mean --\($0)?" } ?? ""
                throw ValidationError("there is no setting --\(name)\(hint)")
            }
            let value: String
            if parts.count == 2 {
                value = String(parts[1])
            } else if let next = rest.first, !next.hasPrefix("--") {
                value = rest.removeFirst()
            } else {
                value = "true"
            }
            values[name] = values[name].map { "\($0),\(value)" } ?? value
        }
        return values
    }

    static var reference: String {
        let width = DaemonProcess.settings.map(\.flag.count).max() ?? 0
        return DaemonProcess.settings.map { setting in
            let flag = setting.flag + String(repeating: " ", count: width - setting.flag.count)
            let standard = setting.standard.isEmpty ? "" : " (default: \(setting.standard))"
            return "  --\(flag)  \(setting.summary)\(standard)"
        }.joined(separator: "\n")
    }
}

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Runs the daemon of a node.",
        discussion: """
            EXAMPLES:
              ovenbird node --config /etc/ovenbird.conf
              ovenbird node --name n1 --manifests Examples/network --status-dir /tmp/status --supervise

            Settings come from flags, else from the environment (OVENBIRD_CLUSTER_SUBNETS for --cluster-subnets), else \
            from the file. Stopping the daemon leaves the network as it is. SIGHUP reads the configuration again.

            SETTINGS:
            \(SettingFlags.reference)
            """)

    @Option(help: ArgumentHelp("The name of this node; the host's name when left out.", valueName: "name"))
    var name: String?
    @Flag(help: "Starts the node's own Open vSwitch and OVN, and keeps them running.") var supervise = false
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        var values = try flags.values()
        if let name { values["node-name"] = name }
        try await runDaemon {
            try await DaemonProcess(configFile: flags.config, flags: values).runNode(supervise: supervise)
        }
    }
}

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Runs the cluster manager: what must be unique in the whole cluster.",
        discussion: """
            EXAMPLES:
              ovenbird cluster --config /etc/ovenbird.conf
              ovenbird cluster --manifests Examples/network --status-dir /tmp/status

            SETTINGS:
            \(SettingFlags.reference)
            """)

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let values = try flags.values()
        try await runDaemon { try await DaemonProcess(configFile: flags.config, flags: values).runCluster() }
    }
}
