import Core
import Glibc
import Linux

/// How a row stands after a round.
enum Standing: Equatable {
    /// In force; nothing had to be done.
    case right
    /// In force; something had to be written.
    case written
    /// What it needs is not there yet. No fault of anybody's.
    case waiting
    /// The kernel or a tool refuses it, in these words.
    case refused(String)

    /// The words of a refusal.
    var words: String? {
        if case .refused(let words) = self { words } else { nil }
    }

    /// What a failed attempt means: a device that is gone is waited for.
    init(_ error: any Error) {
        switch error {
        case let error as NetlinkError where error.code == ENODEV || error.code == ENETDOWN: self = .waiting
        case let error as SystemError where error.code == ENODEV: self = .waiting
        default: self = .refused("\(error)")
        }
    }

    /// Runs an attempt that says whether it wrote something.
    static func of(_ attempt: () throws -> Bool) -> Standing {
        do { return try attempt() ? .written : .right } catch { return Standing(error) }
    }
}

typealias Standings = [RowID: Standing]
