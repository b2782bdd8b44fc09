public import Core
import Glibc
import NIOCore

/// Realises the rows of the plane `http`: a small server for each port, which says the same to everybody.
///
/// A port that somebody else holds is refused with the system's words, and tried again every few seconds.
public final class AnswerPlane: Plane {
    public let name = PlaneName.answers
    private let retry: Duration
    private let inbox: Inbox
    private let news: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    public convenience init() { self.init(retry: .seconds(3)) }

    init(retry: Duration) {
        self.retry = retry
        let (news, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.news, self.bell) = (news, bell)
        inbox = Inbox { bell.yield() }
    }

    public func apply(_ delta: Delta) { inbox.put(delta) }

    public func run(_ report: @escaping @Sendable (PlaneReport) -> Void) async throws {
        var desired = DesiredTable()
        var servers: [RowID: AnswerServer] = [:]
        var refused: [RowID: String] = [:]
        report(.connected(plane: name, true))
        let clock = Task { [bell, retry] in
            while !Task.isCancelled {
                try await Task.sleep(for: retry)
                bell.yield()
            }
        }
        defer { clock.cancel() }
        for await _ in news {
            let deltas = inbox.takeDeltas()
            if deltas.isEmpty && refused.isEmpty { continue }
            for delta in deltas { desired.apply(delta) }
            let before = refused
            refused = await settle(desired, &servers)
            if refused != before { report(.refused(plane: name, rows: refused)) }
            if let last = deltas.last { report(.confirmed(plane: name, turn: last.turn)) }
        }
        for server in servers.values { await server.stop() }
    }

    /// Stops, starts and changes servers; says which rows cannot be.
    private func settle(_ desired: DesiredTable, _ servers: inout [RowID: AnswerServer]) async -> [RowID: String] {
        for (row, server) in servers where desired[row] == nil {
            await server.stop()
            servers[row] = nil
        }
        var refused: [RowID: String] = [:]
        for (row, content) in desired.rows {
            do {
                let reader = RowReader(table: row.table, content: content)
                let answer = AnswerServer.Answer(
                    status: try reader.integer("status"), headers: reader.entries("headers"),
                    body: try reader.string("body"))
                if let server = servers[row] {
                    server.say(answer)
                } else {
                    servers[row] = try await AnswerServer(port: try reader.integer("port"), answer)
                }
            } catch let error as MalformedRow {
                refused[row] = error.description
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                refused[row] = "another program of the host listens on port \(row.key)"
            } catch {
                refused[row] = "the host cannot listen on port \(row.key): \(error)"
            }
        }
        return refused
    }
}

extension RowReader {
    fileprivate func entries(_ name: String) -> [String: String] {
        guard let index = table.columns.firstIndex(where: { $0.name == name }),
            case .map(let entries) = content.columns[index]
        else { return [:] }
        return entries
    }
}
