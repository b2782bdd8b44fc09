import Glibc
import Linux

/// Keeps a second daemon away from a run directory, until the process that holds it ends, however that happens.
final class RunLock: Sendable {
    private let file: Descriptor

    init(directory: String) throws {
        let path = "\(directory)/daemon.lock"
        file = try Descriptor(open: path, flags: O_RDWR | O_CREAT, mode: 0o600)
        guard lockf(file.number, F_TLOCK, 0) == 0 else {
            let owner = (try? Files.read(path))?.filter(\.isNumber) ?? ""
            throw DaemonFailure(
                "another daemon already works in \(directory)\(owner.isEmpty ? "" : " (process \(owner))"); stop it "
                    + "first, or give this one a --run-dir of its own", reason: "AlreadyRunning")
        }
        ftruncate(file.number, 0)
        try file.write(Array("\(getpid())\n".utf8))
    }
}
