import Glibc
import Linux

/// What is known of a process that an earlier supervisor started: enough not to take another process for it.
///
/// A process may replace its program (`exec`), and its number is given to another one when it has ended; its number
/// together with the time of its start stays its own.
struct ProcessNote {
    let pid: pid_t
    private let began: String?
    let arguments: [String]

    /// For a process that has just been started.
    init(_ pid: pid_t, _ arguments: [String]) {
        self.pid = pid
        self.arguments = arguments
        began = Self.began(pid)
    }

    /// Number, start, and the arguments one a line.
    var text: String {
        (["\(pid)", began ?? "-"] + arguments.map { $0.replacingLineEnds }).joined(separator: "\n") + "\n"
    }

    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        guard lines.count > 2, let pid = pid_t(lines[0]), pid > 1 else { return nil }
        self.pid = pid
        began = lines[1]
        arguments = lines[2...].map(\.restoringLineEnds)
    }

    /// For a file that a program writes about itself: only its number, so it is known by the argument that names the
    /// file.
    init?(ofProgram text: String) {
        guard let pid = pid_t(text.filter { !$0.isWhitespace }), pid > 1 else { return nil }
        self.pid = pid
        began = nil
        let line = (try? Files.read("/proc/\(pid)/cmdline")) ?? ""
        arguments = line.split(separator: "\0").map(String.init)
    }

    /// Whether the process that has the number now is this one.
    func isTrue(of service: SupervisedProcess) -> Bool {
        if let began { return began == Self.began(pid) }
        return arguments.contains("--pidfile=\(service.pidFile)")
    }

    /// When the process began, in ticks since the machine's start.
    private static func began(_ pid: pid_t) -> String? {
        guard let text = try? Files.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // The name in brackets is field 2, the start field 22.
        let fields = text[end...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : nil
    }
}

extension String {
    fileprivate var replacingLineEnds: String {
        map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }

    fileprivate var restoringLineEnds: String {
        var result = ""
        var isEscaped = false
        for character in self {
            if isEscaped {
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}
