import ArgumentParser
import Glibc
import LocalHTTP
import Model

/// Which daemon a command asks.
struct TargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A lab on this machine.", valueName: "name")) var lab: String?
    @Option(help: ArgumentHelp("A node of the lab; all of them when left out.", valueName: "name")) var node: String?
    @Option(help: ArgumentHelp("The control socket of a daemon.", valueName: "path")) var nodeSocket: String?
}

/// A daemon that answers commands.
struct Target {
    let name: String
    let socket: String

    /// Asks for a path and reads the answer as JSON. A daemon that says no explains itself in `message`.
    func get(_ path: String, method: String = "GET") throws -> JSON {
        let answer: LocalHTTP.Answer
        do {
            answer = try LocalHTTP(socket: socket, deadlineSeconds: 5).ask(method, path)
        } catch {
            throw CommandFailure(
                what: "cannot ask the daemon of \(name) (Unreachable)", because: "\(error)",
                next: "ovenbird lab status, or start `ovenbird node` on that node")
        }
        guard let json = try? JSON(parsing: answer.body) else {
            throw CommandFailure(
                what: "the daemon of \(name) answered what is no JSON (BadAnswer)",
                because: String(answer.text.prefix(200)))
        }
        guard answer.status == 200 else {
            let message = (try? JSONCursor(json)["message"].string()) ?? answer.text
            throw CommandFailure(
                what: message, next: (try? JSONCursor(json)["next"].string()), exitCode: answer.status == 404 ? 1 : 3)
        }
        return json
    }
}
