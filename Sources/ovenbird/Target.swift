import ArgumentParser
import Lab
import LocalHTTP
import Model

/// Which daemons a command asks.
struct TargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A lab on this machine; the only one when left out.", valueName: "name"))
    var lab: String?
    @Option(help: ArgumentHelp("A node of the lab; all of them when left out.", valueName: "name")) var node: String?
    @Option(help: ArgumentHelp("The control socket of a daemon.", valueName: "path")) var nodeSocket: String?

    /// The daemon of this machine, where there is one.
    private static let local = "/run/ovenbird/control.sock"

    /// The first of these that applies: the socket, the lab, the daemon of this machine.
    func targets() throws -> [Target] {
        if let nodeSocket {
            let advice = "look whether a daemon runs whose --run-dir this socket is in"
            return [Target(name: nodeSocket, socket: nodeSocket, advice: advice)]
        }
        if lab == nil, Labs.names().isEmpty {
            let advice = "start it (ovenbird node), or name another: --node-socket PATH, --lab NAME"
            return [Target(name: "this machine", socket: Self.local, advice: advice)]
        }
        let paths = try Labs.pick(lab)
        guard let record = LabRecord(paths) else {
            throw CommandFailure(
                what: "lab \(paths.name) is not whole (Leftovers)", next: "ovenbird lab down \(paths.name)")
        }
        let all = record.nodes.map {
            Target(
                name: $0, socket: "\(paths.runDirectory($0))/control.sock", advice: "ovenbird lab status \(paths.name)")
        }
        guard let node else { return all }
        let chosen = all.filter { $0.name == node }
        guard !chosen.isEmpty else {
            throw CommandFailure(
                what: "no node \(node) in lab \(paths.name) (NotFound); it has \(record.nodes.joined(separator: ", "))",
                exitCode: 1)
        }
        return chosen
    }

    /// Asks all of them the same.
    func ask(_ path: String) throws -> Answers {
        let targets = try targets()
        var answers: [(node: String, answer: JSON)] = []
        var failures: [CommandFailure] = []
        for target in targets {
            do { answers.append((target.name, try target.get(path))) } catch let failure as CommandFailure {
                failures.append(failure)
            }
        }
        if let first = failures.first {
            guard !answers.isEmpty else { throw first }
            failures.forEach { say($0.text) }
        }
        return Answers(answers, isComplete: failures.isEmpty)
    }
}

/// What the daemons say. Those that do not answer are named on standard error, and the answer is then not complete.
struct Answers: RandomAccessCollection {
    typealias Element = (node: String, answer: JSON)

    let isComplete: Bool
    private let all: [Element]

    init(_ all: [Element], isComplete: Bool) {
        self.all = all
        self.isComplete = isComplete
    }

    var startIndex: Int { all.startIndex }
    var endIndex: Int { all.endIndex }
    subscript(place: Int) -> Element { all[place] }

    /// The last step of a command that reads: exits with 3 when somebody did not answer.
    func mustBeComplete() throws { if !isComplete { throw ExitCode(3) } }
}

/// A daemon that answers commands.
struct Target {
    let name: String
    let socket: String
    /// What to do when it does not answer.
    let advice: String

    /// Asks for a path and reads the answer as JSON. A daemon that says no explains itself in `message`.
    func get(_ path: String, method: String = "GET") throws -> JSON {
        let answer: LocalHTTP.Answer
        do {
            answer = try LocalHTTP(socket: socket, deadlineSeconds: 5).ask(method, path)
        } catch {
            throw CommandFailure(
                what: "cannot ask the daemon of \(name) (Unreachable)", because: "\(error)", next: advice)
        }
        guard let json = try? JSON(parsing: answer.body) else {
            throw CommandFailure(
                what: "the daemon of \(name) did not answer in JSON (BadAnswer)",
                because: String(answer.text.prefix(200)))
        }
        guard answer.status == 200 else {
            throw CommandFailure(what: json["message"].text, exitCode: [400: 2, 404: 1][answer.status] ?? 3)
        }
        return json
    }
}

/// Escapes a value for a query: everything but letters, digits and a few marks.
func escaped(_ text: String) -> String {
    text.utf8.map { byte in
        let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
        return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}

extension JSON? {
    var text: String { if case .string(let text) = self { text } else { self?.text() ?? "" } }
    var number: Int { if case .integer(let number) = self { number } else { 0 } }
    var isTrue: Bool { self == .boolean(true) }
    var list: [JSON] { if case .array(let list) = self { list } else { [] } }
    var members: [(key: String, value: JSON)] { if case .object(let object) = self { Array(object) } else { [] } }
}
