import Linux
import Testing

@Suite(.timeLimit(.minutes(3)))
struct ProcessTests {
    @Test func inputOutputErrorsAndExitCodeArrive() async throws {
        let outcome = try await Command(["sh", "-c", "cat; echo oops >&2; exit 3"], input: "hello").outcome()
        #expect(outcome.exit == .code(3))
        #expect(outcome.output == "hello")
        #expect(outcome.errors == "oops\n")
    }

    @Test func bigStreamsDoNotBlock() async throws {
        let text = String(repeating: "0123456789abcde\n", count: 200_000)
        #expect(try await Command(["cat"], input: text).run() == text)
    }

    @Test func aProgramMayOpenItsInputByName() async throws {
        #expect(try await Command(["sh", "-c", "cat /dev/stdin"], input: "again").run() == "again")
    }

    @Test func failuresSayWhatTheProgramSaid() async throws {
        await #expect {
            try await Command("sh", "-c", "echo no such port >&2; exit 1").run() as String
        } throws: {
            "\($0)" == "sh -c echo no such port >&2; exit 1: no such port"
        }
        await #expect {
            try await Command("/nowhere/tool").run() as String
        } throws: {
            "\($0)" == "start /nowhere/tool: No such file or directory"
        }
    }

    @Test func theDeadlineKills() async throws {
        await #expect {
            try await Command(["sleep", "50"], deadline: .milliseconds(50)).run() as String
        } throws: {
            "\($0)".hasPrefix("sleep 50: killed after")
        }
    }

    @Test func aBackgroundChildThatKeepsTheOutputOpenIsNotWaitedFor() async throws {
        let output = try await Command(["sh", "-c", "sleep 40 & echo $!"]).run()
        #expect(try await Command(["kill", output.filter { $0 != "\n" }]).outcome().succeeded)
    }

    @Test func aProcessIsStoppedByItsHandle() async throws {
        let exit = try await onThread { () -> ChildProcess.Exit? in
            let process = try ChildProcess(["sleep", "50"])
            #expect(try process.wait(timeout: .milliseconds(1)) == nil)
            return try process.stop()
        }
        #expect(exit == .signal(15))
    }

    @Test func aStubbornProcessIsKilled() async throws {
        let exit = try await onThread { () -> ChildProcess.Exit? in
            let ready = try Waker()
            let directory = "/tmp/ovbt-\(UInt32.random(in: 0 ... .max))"
            try Files.makeDirectory(directory)
            let inotify = try Inotify()
            try inotify.watch(directory)
            let process = try ChildProcess(["sh", "-c", "trap '' TERM; : > \(directory)/ready; sleep 50 & wait; wait"])
            #expect(ready.wait(for: [inotify.descriptor], timeout: .seconds(20)).count == 1)
            #expect(try inotify.next().first?.name == "ready")
            try Files.remove("\(directory)/ready")
            try Command("rmdir", directory).run()
            return try process.stop(grace: .milliseconds(20))
        }
        #expect(exit == .signal(9))
    }

    @Test func aWakerWakesAndCancels() async throws {
        let waker = try Waker()
        #expect(waker.wait(timeout: .milliseconds(1)).isEmpty)
        waker.wake()
        #expect(waker.wait().isEmpty)
        let task = Task {
            try await waker.runThread {
                while !waker.isCancelled { _ = waker.wait() }
            }
        }
        task.cancel()
        try await task.value
        #expect(waker.isCancelled)
    }

    @Test func noLineIsLostOfManyProcessesThatWriteAtOnce() throws {
        let script = "for i in $(seq 16); do (for j in $(seq 500); do echo word; done) & done; wait"
        let output = try Command("sh", "-c", script).run()
        #expect(output.count { $0 == "\n" } == 8000)
    }

    @Test func directoriesAreMadeListedAndWatched() throws {
        let directory = "/tmp/ovbt-\(UInt32.random(in: 0 ... .max))/a"
        #expect(Files.list(directory) == nil)
        try Files.makeDirectory(directory)
        let inotify = try Inotify()
        try inotify.watch(directory)
        try Files.write("\(directory)/x", "text")
        #expect(try Files.read("\(directory)/x") == "text")
        #expect(try inotify.next().map(\.name).contains("x"))
        #expect(Files.list(directory) == ["x"])
        try Files.remove("\(directory)/x")
        try Files.remove("\(directory)/x")
        #expect(Files.list(directory) == [])
        try Command("rm", "-r", String(directory.dropLast(2))).run()
        #expect(try inotify.next().contains { $0.isLoss })
    }
}
