import Testing

@testable import Lab

/// What passes an interface, a line per packet, in the words of `tcpdump`.
struct Capture {
    private let listener: Listener

    /// Returns when the capture has begun.
    static func start(_ lab: PacketLab, _ place: String, _ device: String, _ filter: String) async throws -> Capture {
        let command = "tcpdump -n -l -e --immediate-mode -i \(device) '\(filter)'"
        return Capture(listener: try await Listener.start(lab, place, command, begins: "listening on"))
    }

    var lines: [Substring] { listener.lines }

    /// Waits for the line that shows that everything before it was captured too, and returns all lines.
    func lines(upTo control: String) async throws -> [Substring] {
        let seen = try await eventually(within: .seconds(30)) { lines.contains { $0.contains(control) } }
        try #require(seen, "the packet that ends the capture was not seen")
        return lines
    }
}
