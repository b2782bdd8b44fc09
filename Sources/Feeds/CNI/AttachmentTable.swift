import CNI
import Core
import Model

/// The attachments that there are, and the ADDs that wait for them.
actor AttachmentTable {
    /// Why a waiting ADD ends before its network is there.
    enum Ending: Sendable {
        case deadline(Duration)
        case deleted
        case superseded(by: String)
        case disconnected
        case stopped
    }

    private struct Waiter {
        let task: Task<CNIResult, any Error>
        var ending: Ending?
    }

    private struct Entry {
        let request: CNIRequest
        let attachment: Attachment
        /// The runtime has had a good answer.
        var isAnswered = false
        var waiters: [Int: Waiter] = [:]
    }

    private let files: AttachmentFiles
    private let emit: @Sendable (FeedEvent) -> Void
    private var entries: [String: Entry] = [:]
    private var lastWaiter = 0
    private var endings: [Int: Ending] = [:]

    init(files: AttachmentFiles, emit: @escaping @Sendable (FeedEvent) -> Void) {
        self.files = files
        self.emit = emit
    }

    /// The feed's first listing: what is on disk.
    func list() {
        let (requests, failures) = files.load()
        for request in requests {
            entries[request.fileName] = Entry(request: request, attachment: Attachment(request), isAnswered: true)
        }
        let puts = entries.values.map(\.attachment).sorted { $0.id < $1.id }.map { ObjectChange.put($0) }
        if !puts.isEmpty { emit(.changes(feed: CNIFeed.name, puts, lane: .attachment)) }
        if !failures.isEmpty { emit(.failed(feed: CNIFeed.name, failures)) }
        emit(.listed(feed: CNIFeed.name))
    }

    func attachment(_ request: CNIRequest) -> Attachment? { entries[request.fileName]?.attachment }

    /// Takes an interface in; older sandboxes of the pod go.
    func put(_ request: CNIRequest) throws(CNIError) -> Attachment {
        let attachment = Attachment(request)
        let known = entries[request.fileName]
        if known?.attachment == attachment, known?.request.configuration == request.configuration { return attachment }
        try files.save(request)
        var changes: [ObjectChange] = []
        for (file, old) in entries where file != request.fileName && old.attachment.isReplaced(by: attachment) {
            try? files.remove(old.request)
            end(file, .superseded(by: attachment.sandbox))
            changes.append(.remove(old.attachment.id))
        }
        if let known, known.attachment.id != attachment.id { changes.append(.remove(known.attachment.id)) }
        var entry = Entry(request: request, attachment: attachment)
        entry.waiters = known?.waiters ?? [:]
        entry.isAnswered = known?.isAnswered == true && known?.attachment == attachment
        entries[request.fileName] = entry
        changes.append(.put(attachment))
        emit(.changes(feed: CNIFeed.name, changes, lane: .attachment))
        return attachment
    }

    /// Takes an interface out; one that is not there is fine.
    func remove(_ request: CNIRequest) throws(CNIError) {
        guard let entry = entries[request.fileName] else { return try files.remove(request) }
        try files.remove(entry.request)
        end(request.fileName, .deleted)
        emit(.changes(feed: CNIFeed.name, [.remove(entry.attachment.id)], lane: .attachment))
    }

    /// Takes out what the runtime does not know any more.
    func keep(only valid: Set<CNIConfiguration.Attachment>, network: String) throws(CNIError) {
        for entry in Array(entries.values) where entry.request.configuration.name == network {
            let key = CNIConfiguration.Attachment(
                containerID: entry.request.containerID, interface: entry.request.interface)
            if !valid.contains(key) { try remove(entry.request) }
        }
    }

    private func end(_ file: String, _ ending: Ending) {
        guard let entry = entries.removeValue(forKey: file) else { return }
        for (number, waiter) in entry.waiters {
            endings[number] = ending
            waiter.task.cancel()
        }
    }
}

extension AttachmentTable {
    /// Waits for the network of an interface that `put` took in; a failure takes the interface out again.
    func wait(
        for request: CNIRequest, _ attachment: Attachment, _ resolver: any AttachmentResolver, deadline: Duration
    ) async throws(CNIError) -> CNIResult {
        // A DEL may have come between: then there is nothing to wait for, and nobody would end it.
        guard entries[request.fileName]?.attachment == attachment else {
            throw CNIError(.failed, Ending.deleted.message("\(attachment.podNamespace)/\(attachment.podName)"))
        }
        let task = Task { try await resolver.ready(attachment) }
        lastWaiter += 1
        let number = lastWaiter
        entries[request.fileName]?.waiters[number] = Waiter(task: task)
        let clock = Task {
            try await Task.sleep(for: deadline)
            self.stop(number, task, .deadline(deadline))
        }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            Task { await self.stop(number, task, .disconnected) }
        }
        clock.cancel()
        entries[request.fileName]?.waiters[number] = nil
        let ending = endings.removeValue(forKey: number)
        switch result {
        case .success(let result) where ending == nil:
            entries[request.fileName]?.isAnswered = true
            return result
        case .success:
            throw giveUp(request, attachment, ending, nil)
        case .failure(let error):
            throw giveUp(request, attachment, ending, error)
        }
    }

    /// Ends all that waits, when the daemon stops.
    func stopAll() {
        for waiter in entries.values.flatMap(\.waiters) { stop(waiter.key, waiter.value.task, .stopped) }
    }

    private func stop(_ number: Int, _ task: Task<CNIResult, any Error>, _ ending: Ending) {
        endings[number] = ending
        task.cancel()
    }

    private func giveUp(
        _ request: CNIRequest, _ attachment: Attachment, _ ending: Ending?, _ error: (any Error)?
    ) -> CNIError {
        if let entry = entries[request.fileName], entry.attachment == attachment, !entry.isAnswered,
            entry.waiters.isEmpty
        {
            try? remove(request)
        }
        let cause = error as? CNIError
        guard let ending else {
            return cause ?? CNIError(.failed, "the pod's network failed", details: error.map { "\($0)" } ?? "")
        }
        let pod = "\(attachment.podNamespace)/\(attachment.podName)"
        let details = cause.map { $0.details.isEmpty ? $0.message : "\($0.message): \($0.details)" } ?? ""
        return CNIError(ending.code, ending.message(pod), details: details)
    }
}

extension AttachmentTable.Ending {
    fileprivate var code: CNIError.Code {
        switch self {
        case .deadline, .disconnected, .stopped: .tryAgainLater
        case .deleted, .superseded: .failed
        }
    }

    fileprivate func message(_ pod: String) -> String {
        switch self {
        case .deadline(let time): "the network of pod \(pod) was not ready within \(time.components.seconds) s"
        case .deleted: "DEL for pod \(pod) came while its ADD was waiting"
        case .superseded(let sandbox): "pod \(pod) has a newer sandbox, \(sandbox)"
        case .disconnected: "the runtime gave up waiting for the network of pod \(pod)"
        case .stopped: "the node daemon stops"
        }
    }
}

extension Attachment {
    /// Whether `newer` is the same interface of the same pod in a newer sandbox.
    ///
    /// Of two pods of one name either may be the one that there is: only the API knows.
    fileprivate func isReplaced(by newer: Attachment) -> Bool {
        podNamespace == newer.podNamespace && podName == newer.podName && interface == newer.interface
            && sandbox != newer.sandbox && (podUID == newer.podUID || podUID.isEmpty || newer.podUID.isEmpty)
    }
}
