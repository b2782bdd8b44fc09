import Linux

/// Speaks to a running `ovs-vswitchd` through `ovs-appctl`.
struct SwitchControl: Sendable {
    /// Where the switch has its sockets and its pid file.
    let directory: String

    /// Where the running switch takes commands; nil when it does not run.
    var target: String? {
        guard let text = try? Files.read("\(directory)/ovs-vswitchd.pid") else { return nil }
        let path = "\(directory)/ovs-vswitchd.\(text.filter(\.isNumber)).ctl"
        return Files.exists(path) ? path : nil
    }

    /// What the switch answers; nil when it does not run.
    func ask(_ arguments: String...) throws -> Command.Outcome? {
        guard let target else { return nil }
        return try Command(["ovs-appctl", "-t", target] + arguments).outcome()
    }
}
