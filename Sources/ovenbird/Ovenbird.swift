import ArgumentParser
import Daemon
import Glibc
import Lab
import Model

@main
struct Ovenbird: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ovenbird",
        abstract: "A Kubernetes network plugin on OVN and Open vSwitch, made of modules.",
        discussion: """
            EXAMPLES:
              sudo ovenbird lab up Examples/network        three nodes on this machine
              ovenbird status                              is it healthy, and if not, what to do
              ovenbird explain pod shop/web                where a pod's network comes from

            EXIT CODES: 0 yes, healthy, no difference · 1 no, unhealthy, differs · 2 wrong command line · 3 could not \
            find out · 130 interrupted.
            """,
        version: Version.current,
        subcommands: [
            StatusCommand.self, ModulesCommand.self, ObjectsCommand.self, RowsCommand.self, ExplainCommand.self,
            CanCommand.self, LogsCommand.self, CheckCommand.self, LabCommand.self, NodeCommand.self,
            ClusterCommand.self, CompletionCommand.self,
        ])

    /// Wrong command lines end with 2, as `diff` and `grep` do it, instead of the 64 of sysexits.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let code = exitCode(for: error)
            if code == .validationFailure {
                say(fullMessage(for: error) + suggestion(for: CommandLine.arguments.dropFirst()))
                Glibc.exit(2)
            }
            if let failure = error as? CommandFailure ?? (error as? LabFailure).map(CommandFailure.init(lab:)) {
                say(failure.text)
                Glibc.exit(failure.exitCode)
            }
            exit(withError: error)
        }
    }
}

/// The nearest command to a mistyped one.
private func suggestion(for words: ArraySlice<String>) -> String {
    var command: any ParsableCommand.Type = Ovenbird.self
    for word in words where !word.hasPrefix("-") {
        let commands = command.configuration.subcommands
        guard !commands.isEmpty else { return "" }
        if let next = commands.first(where: { $0._commandName == word }) {
            command = next
            continue
        }
        return nearest(to: word, in: commands.map { $0._commandName }).map { "\n  did you mean: \($0)" } ?? ""
    }
    return ""
}

/// Prints to standard error, where everything goes that is not the answer.
func say(_ text: String) {
    let line = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// Why a command could not do its work, in the form all messages have.
struct CommandFailure: Error {
    /// `cannot reach the daemon of n1 (Unreachable)`.
    let what: String
    var because: String?
    var kept: String?
    /// One command that helps.
    var next: String?
    /// 1 for "no", 3 for "could not find out".
    var exitCode: Int32 = 3

    var text: String {
        (["error: \(what)"]
            + [("because", because), ("kept", kept), ("next", next)].compactMap { name, text in
                text.map { "  \(name): \($0)" }
            }).joined(separator: "\n")
    }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Prints the completion script of a shell.",
        discussion: "EXAMPLE:\n  ovenbird completion bash > /etc/bash_completion.d/ovenbird")

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() throws {
        let script: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Ovenbird.completionScript(for: script))
    }
}
