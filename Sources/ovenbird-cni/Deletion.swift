import CNI
import Glibc
import LocalHTTP
import Model

/// A DEL that the daemon could not take: it stays behind as a file, which the daemon reads before it listens again.
///
/// So DEL succeeds while the daemon is away and nothing leaks. The file lies beside the socket, in `deletions/`. When
/// even that cannot be written the runtime is told to try again later.
struct Deletion {
    let request: CNIRequest
    let daemon: Daemon

    private var directory: String {
        let end = daemon.socket.lastIndex(of: "/") ?? daemon.socket.startIndex
        return daemon.socket[..<end] + "/" + CNIRequest.deletions
    }

    private var file: String { "\(directory)/\(request.fileName)" }

    func leave() throws(CNIError) -> (JSON, Bool) {
        do {
            try AtomicFile.write(request.json.text().utf8, to: file)
        } catch {
            throw CNIError(
                .tryAgainLater, "the node daemon does not answer, and the deletion cannot be kept for it",
                details: "\(error)")
        }
        // The daemon may have come up, and read the directory, just before the file was there.
        do {
            let answer = try daemon.answer(to: request, within: 30)
            unlink(file)
            return answer
        } catch {
            return (.null, false)
        }
    }
}
