import CNI
import Core
import Feeds
import Glibc
import Linux
import LocalHTTP
import Model
import Synchronization

/// A resolver that does as it is told.
struct Resolver: AttachmentResolver {
    enum Manner: Sendable {
        case good
        case failing(CNIError)
        case waiting
    }

    let manner: Manner
    init(_ manner: Manner) { self.manner = manner }

    func ready(_ attachment: Attachment) async throws(CNIError) -> CNIResult {
        switch manner {
        case .good:
            return CNIResult(
                interfaces: [.init(name: "eth0", mac: "0a:58:0a:f4:01:05", sandbox: attachment.netns)], addresses: [])
        case .failing(let error): throw error
        case .waiting:
            try? await Task.sleep(for: .seconds(50))
            throw CNIError(.failed, "waits for the port")
        }
    }

    func check(_ attachment: Attachment) async throws(CNIError) {}
    func status() async throws(CNIError) {}
}

/// What a feed has said, and whom it wakes.
final class News: Sendable {
    private struct State {
        var attachments: Set<String> = []
        var puts = 0
        var isListed = false
        var watchers: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())

    var attachments: [String] { state.withLock { $0.attachments.sorted() } }
    var puts: Int { state.withLock { $0.puts } }
    var isListed: Bool { state.withLock { $0.isListed } }

    func take(_ event: FeedEvent) {
        let watchers = state.withLock { state in
            switch event {
            case .changes(_, let changes, let lane):
                precondition(lane == .attachment)
                for change in changes {
                    if case .put = change { state.puts += 1 }
                    if case .put = change {
                        state.attachments.insert(change.id.name)
                    } else {
                        state.attachments.remove(change.id.name)
                    }
                }
            case .listed: state.isListed = true
            case .failed: break
            }
            return state.watchers
        }
        watchers.forEach { $0.yield() }
    }

    func first(_ holds: ([String]) -> Bool) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { $0.watchers.append(continuation) }
        if holds(attachments) { return }
        for await _ in stream where holds(attachments) { return }
    }
}

/// A node daemon's directory, and the feed on it.
final class Bench: Sendable {
    let directory: String
    let manner: Resolver.Manner
    let deadline: Duration
    var socket: String { "\(directory)/cni.sock" }
    var state: String { "\(directory)/attachments" }

    init(_ manner: Resolver.Manner = .good, deadline: Duration = .seconds(30)) throws {
        directory = "/tmp/ovbt-cni-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        self.manner = manner
        self.deadline = deadline
        try Files.makeDirectory(directory)
    }

    deinit { _ = try? Command("rm", "-rf", directory).run() }

    struct Node: Sendable {
        let bench: Bench
        let news: News

        func post(
            _ command: String, sandbox: String = "", pod: String = "web", uid: String? = nil,
            netns: String = "/proc/self/ns/net",
            extra: (String, JSON)? = nil
        ) async -> (json: JSON, isError: Bool) {
            let bench = bench
            do {
                return try await onThread {
                    let request = try bench.request(
                        command, sandbox: sandbox, pod: pod, uid: uid, netns: netns, extra: extra)
                    let http = LocalHTTP(socket: bench.socket, deadlineSeconds: 30)
                    let answer = try http.ask("POST", "/cni", body: Array(request.json.text().utf8))
                    return (answer.body.isEmpty ? .null : try JSON(parsing: answer.body), answer.status != 200)
                }
            } catch {
                return (.string("\(error)"), true)
            }
        }
    }

    func request(
        _ command: String, sandbox: String = "", pod: String = "web", uid: String? = nil,
        netns: String = "/proc/self/ns/net",
        extra: (String, JSON)? = nil
    ) throws -> CNIRequest {
        let version = command == "GC" || command == "STATUS" ? "1.1.0" : "1.0.0"
        var configuration = JSONObject([("cniVersion", .string(version)), ("name", "ovenbird")])
        if let extra { configuration[extra.0] = extra.1 }
        let environment = [
            "CNI_COMMAND": command, "CNI_CONTAINERID": sandbox, "CNI_NETNS": netns, "CNI_IFNAME": "eth0",
            "CNI_ARGS": "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=\(pod);K8S_POD_UID=\(uid ?? "u-\(pod)")",
        ]
        return try CNIRequest(environment: environment, input: JSON.object(configuration).text().utf8)
    }

    /// Runs the body while the feed serves; the feed stops after it.
    func serving(_ body: (Node) async throws -> Void) async throws {
        let feed = CNIFeed(socket: socket, stateDirectory: state, resolver: Resolver(manner), deadline: deadline)
        let news = News()
        let (ready, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await feed.run(listening: { continuation.yield() }) { news.take($0) }
        }
        for await _ in ready { break }
        do { try await body(Node(bench: self, news: news)) } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        try await task.value
    }
}
