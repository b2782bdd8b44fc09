import Core
import Synchronization

/// What waits for the scheduler: everything that feeds and planes have said since it last looked.
///
/// Adding costs a lock and no thread switch; the scheduler is woken once, however much there is by then.
final class Mailbox: Sendable {
    enum Letter: Sendable {
        case event(FeedEvent)
        case report(PlaneReport)
    }

    private let letters = Mutex<[Letter]>([])
    private let bell: AsyncStream<Void>.Continuation
    /// Rings when there is something in the box.
    let news: AsyncStream<Void>

    init() { (news, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func add(_ letter: Letter) {
        letters.withLock { $0.append(letter) }
        bell.yield()
    }

    /// Wakes the scheduler without a letter.
    func ring() { bell.yield() }

    func empty() -> [Letter] {
        letters.withLock { box in
            defer { box = [] }
            return box
        }
    }
}
