import Glibc
import Linux
import Model
import Testing

@testable import Planes

@Suite(.timeLimit(.minutes(3)))
struct AnswerServerTests {
    private let answer = AnswerServer.Answer(status: 200, headers: ["X-Node": "n1"], body: "fine\n")

    /// A connection of this process to a port of its own.
    private final class Client: Sendable {
        let stream: Descriptor

        init(_ port: Int) throws {
            stream = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(stream.number, $0, size) }
            }
            guard result == 0 else { throw SystemError(last: "connect") }
        }

        func say(_ text: String) throws {
            let bytes = Array(text.utf8)
            guard send(stream.number, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
                throw SystemError(last: "send")
            }
        }

        /// All that comes until the server closes.
        func rest() -> String {
            var text = ""
            while let bytes = try? stream.read(4096), !bytes.isEmpty { text += String(decoding: bytes, as: UTF8.self) }
            return text
        }

        func ask(_ method: String = "GET") throws -> String {
            try say("\(method) / HTTP/1.1\r\nHost: x\r\n\r\n")
            return rest()
        }
    }

    @Test func itSaysWhatItIsTold() async throws {
        let server = try await AnswerServer(port: 0, answer)
        let port = try #require(server.port)
        let first = try await onThread { try Client(port).ask() }
        #expect(first.hasPrefix("HTTP/1.1 200 OK") && first.contains("X-Node: n1") && first.hasSuffix("\r\n\r\nfine\n"))
        server.say(.init(status: 503, headers: [:], body: "no\n"))
        #expect(try await onThread { try Client(port).ask() }.hasPrefix("HTTP/1.1 503"))
        await server.stop()
    }

    @Test func whoAsksByHeadGetsNoBody() async throws {
        let server = try await AnswerServer(port: 0, answer)
        let port = try #require(server.port)
        let head = try await onThread { try Client(port).ask("HEAD") }
        #expect(head.hasPrefix("HTTP/1.1 200 OK") && head.contains("Content-Length: 5") && head.hasSuffix("\r\n\r\n"))
        #expect(try await onThread { try Client(port).ask() }.hasSuffix("\r\n\r\nfine\n"))
        await server.stop()
    }

    /// Another program that listens on a port.
    private final class Squatter: Sendable {
        let stream: Descriptor
        let port: Int

        init() throws {
            stream = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let number = stream.number
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(number, address, size) == 0 && listen(number, 1) == 0
                        && getsockname(number, address, &size) == 0
                }
            }
            guard result else { throw SystemError(last: "listen") }
            port = Int(UInt16(bigEndian: address.sin_port))
        }
    }

    @Test func aPortThatAnotherProgramHasIsRefusedAndTakenWhenItIsFree() async throws {
        var squatter: Squatter? = try Squatter()
        let taken = try #require(squatter?.port)
        // Free again by the end of the statement.
        let free = try Squatter().port
        let rows = [taken, free].map { HTTPAnswer(port: $0, status: 200, body: "fine\n") }
        let bench = PlaneBench(AnswerPlane(retry: .milliseconds(50)))
        try await bench.set(rows)
        #expect(bench.refused == [RowSource.id(rows[0]): "another program of the host listens on port \(taken)"])
        #expect(try await onThread { try Client(free).ask() }.hasSuffix("fine\n"))
        squatter = nil
        #expect(await bench.refusals().isEmpty)
        #expect(try await onThread { try Client(taken).ask() }.hasSuffix("fine\n"))
        try await bench.set([])
        #expect(await (try? onThread { try Client(taken) }) == nil)
        try await bench.stop()
    }

    @Test func nobodyHoldsAConnectionForLong() async throws {
        let server = try await AnswerServer(port: 0, answer, deadline: .milliseconds(300))
        let port = try #require(server.port)
        let (rest, time) = try await onThread {
            let began = ContinuousClock.now
            return (try Client(port).rest(), began.duration(to: .now))
        }
        #expect(rest == "" && time >= .milliseconds(250) && time < .seconds(20), "\(time)")
        // One that says a little now and then has no more time than that.
        let slowTime = try await onThread {
            let slow = try Client(port)
            let began = ContinuousClock.now
            try slow.say("GET / HTTP/1.1\r\n")
            while began.duration(to: .now) < .seconds(20) {
                usleep(20_000)
                guard (try? slow.say("x: y\r\n")) != nil else { break }
            }
            return began.duration(to: .now)
        }
        #expect(slowTime < .seconds(20))
        await server.stop()
    }

    @Test func thereIsALimitToConnectionsAndRoomAgainWhenTheyEnd() async throws {
        let server = try await AnswerServer(port: 0, answer, deadline: .seconds(60), limit: 3)
        let port = try #require(server.port)
        let answers = try await onThread {
            let silent = try (0..<4).map { _ in try Client(port) }
            var entries = silent.map { pollfd(fd: $0.stream.number, events: Int16(POLLIN), revents: 0) }
            guard poll(&entries, 4, 5000) == 1, let ended = entries.firstIndex(where: { $0.revents != 0 }) else {
                return ["none of four, or more than one, was closed"]
            }
            return [silent[ended].rest(), try Client(port).ask()]
        }
        #expect(answers == ["", ""])
        // The clients are gone.
        try await eventually("there is room again") {
            ((try? Client(port).ask()) ?? "").hasSuffix("fine\n")
        }
        await server.stop()
    }
}
