import Glibc
import Linux
import Supervision
import Testing

@Suite(.timeLimit(.minutes(3)), .serialized) struct SupervisorTests {
    @Test func whatDiesIsStartedAgain() async throws {
        let scratch = try Scratch()
        let watch = Watch()
        let supervisor = Supervisor([scratch.sleeper()], report: watch.take)
        try await supervising(supervisor) {
            let first = try #require(await supervisor.states.first?.pid)
            kill(first, SIGKILL)
            await watch.wait { $0.count >= 3 }
            let state = try #require(await supervisor.states.first)
            #expect(state.pid != first && isAlive(state.pid))
            #expect(state.restarts == 1 && state.lastEnd == "killed by signal 9")
        }
        await supervisor.stop()
    }

    @Test func anotherSupervisorFindsWhatRunsAndStopEndsIt() async throws {
        let scratch = try Scratch()
        let first = Supervisor([scratch.sleeper()])
        try await supervising(first) {}
        let pid = try #require(await first.states.first?.pid)
        #expect(isAlive(pid))
        let watch = Watch()
        let second = Supervisor([scratch.sleeper()], report: watch.take)
        try await supervising(second) {
            #expect(watch.events == [.adopted("sleeper", pid: pid)])
        }
        await second.stop()
        #expect(Files.exists("\(scratch.path)/sleeper.pid") == false)
        #expect(await second.states.first?.phase == .stopped)
    }

    @Test func aServiceWithOtherArgumentsIsReplaced() async throws {
        let scratch = try Scratch()
        let first = Supervisor([scratch.sleeper("1000")])
        try await supervising(first) {}
        let second = Supervisor([scratch.sleeper("1001")])
        try await supervising(second) {}
        let pids = (await first.states.first?.pid, await second.states.first?.pid)
        #expect(pids.0 != pids.1 && isAlive(pids.1))
        await second.stop()
    }

    @Test func aProcessThatHasReplacedItsProgramIsStillKnown() async throws {
        let scratch = try Scratch()
        let script = SupervisedProcess(
            "script", ["sh", "-c", "# two\n# lines\nexec sleep \\1000"], pidFile: "\(scratch.path)/s.pid",
            outputFile: "\(scratch.path)/s.out")
        let first = Supervisor([script])
        try await supervising(first) {}
        let second = Supervisor([script])
        try await supervising(second) {
            #expect(await second.states.first?.pid == first.states.first?.pid)
        }
        await second.stop()
    }

    @Test(arguments: ["\(getpid())\n", "\(getpid())\n1\nsleep\n1000\n", "1\n1\nsleep\n", "x", ""])
    func aFileThatNamesAnotherProcessIsNotBelieved(_ text: String) async throws {
        let scratch = try Scratch()
        try Files.write("\(scratch.path)/sleeper.pid", text)
        let supervisor = Supervisor([scratch.sleeper()])
        try await supervising(supervisor) { #expect(await supervisor.states.first?.pid != getpid()) }
        await supervisor.stop()
    }

    @Test func aProgramThatCannotStartIsReportedAndTheOthersRun() async throws {
        let scratch = try Scratch()
        let watch = Watch()
        let broken = SupervisedProcess(
            "broken", ["/no/such/program"], pidFile: "\(scratch.path)/b.pid", outputFile: "\(scratch.path)/b.out")
        let supervisor = Supervisor([broken, scratch.sleeper()], report: watch.take)
        try await supervising(supervisor) {
            #expect(
                watch.events.first == .failed("broken", reason: "start /no/such/program: No such file or directory"))
            #expect(await supervisor.states.map(\.phase) == [.waiting, .running])
        }
        await supervisor.stop()
    }

    @Test func aProcessThatDidNotSettleAtFirstIsStillOursToEnd() async throws {
        let scratch = try Scratch()
        let watch = Watch()
        let marker = "\(scratch.path)/tried"
        var sleeper = scratch.sleeper()
        sleeper.settle = {
            guard !Files.exists(marker) else { return }
            try Files.write(marker, "")
            throw CancellationError()
        }
        let supervisor = Supervisor([sleeper], report: watch.take)
        try await supervising(supervisor) {
            // Started, did not settle, tried again.
            await watch.wait { $0.count >= 3 }
        }
        let pid = await supervisor.states.first?.pid
        await supervisor.stop(onlyStarted: true)
        #expect(pid != nil && !isAlive(pid))
    }

    @Test func aLargeLogIsCutAndItsWriterGoesOn() throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/x.log"
        let writer = try Descriptor(open: path, flags: O_WRONLY | O_CREAT | O_APPEND)
        try writer.write(Array("0123456789".utf8))
        #expect(!LogFile.cut(path, over: 10))
        #expect(LogFile.cut(path, over: 9))
        try writer.write(Array("ab".utf8))
        #expect(try Files.read(path) == "ab")
        #expect(try Files.read("\(path).1") == "0123456789")
    }
}
