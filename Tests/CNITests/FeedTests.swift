import CNI
import Core
import Feeds
import Glibc
import Linux
import LocalHTTP
import Model
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(3))) struct FeedTests {
    @Test func addIsAnsweredWhenTheNetworkIsThereAndStaysOverARestart() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            let answer = await node.post("ADD", sandbox: "a1")
            #expect(answer.isError == false)
            #expect(answer.json["cniVersion"] == "1.0.0")
            #expect(node.news.attachments == ["a1.eth0"])
            let again = await node.post("ADD", sandbox: "a1")
            #expect(again.json == answer.json)
            #expect(node.news.puts == 1)
        }
        try await bench.serving { node in
            #expect(node.news.attachments == ["a1.eth0"])
            #expect(await node.post("DEL", sandbox: "a1").isError == false)
            #expect(await node.post("DEL", sandbox: "a1").isError == false)
            #expect(node.news.attachments.isEmpty)
        }
        try await bench.serving { node in #expect(node.news.attachments.isEmpty) }
    }

    @Test func anAddThatFailsLeavesNothing() async throws {
        let bench = try Bench(.failing(CNIError(.failed, "the pod is gone", details: "x")))
        try await bench.serving { node in
            let answer = await node.post("ADD", sandbox: "a1")
            #expect(answer.isError)
            #expect(CNIError(answer.json)?.message == "the pod is gone")
            #expect(node.news.puts == 1 && node.news.attachments.isEmpty)
            #expect(Files.list(bench.state)?.isEmpty == true)
        }
    }

    @Test func anAddThatTakesTooLongEndsWithWhatItWaitedFor() async throws {
        let bench = try Bench(.waiting, deadline: .milliseconds(50))
        try await bench.serving { node in
            let error = try #require(CNIError(await node.post("ADD", sandbox: "a1").json))
            #expect(error.code == .tryAgainLater && error.details.contains("waits for the port"))
            #expect(node.news.attachments.isEmpty)
        }
    }

    @Test func aNewerSandboxReplacesTheOlderOneAndALateDelOfItChangesNothing() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            _ = await node.post("ADD", sandbox: "old")
            _ = await node.post("ADD", sandbox: "new")
            #expect(node.news.attachments == ["new.eth0"])
            #expect(await node.post("DEL", sandbox: "old").isError == false)
            #expect(node.news.attachments == ["new.eth0"])
        }
    }

    @Test func aSandboxOfAnotherPodOfTheNameTakesNothingAway() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            _ = await node.post("ADD", sandbox: "a1", uid: "u1")
            _ = await node.post("ADD", sandbox: "a2", uid: "u2")
            #expect(node.news.attachments == ["a1.eth0", "a2.eth0"])
            _ = await node.post("ADD", sandbox: "a3", uid: "u2")
            #expect(node.news.attachments == ["a1.eth0", "a3.eth0"])
        }
    }

    @Test func delEndsAnAddThatWaits() async throws {
        let bench = try Bench(.waiting)
        try await bench.serving { node in
            async let answer = node.post("ADD", sandbox: "a1")
            await node.news.first { !$0.isEmpty }
            _ = await node.post("DEL", sandbox: "a1")
            #expect(CNIError(await answer.json)?.message.contains("DEL") == true)
            #expect(node.news.attachments.isEmpty)
        }
    }

    @Test func aDeletionThatWaitedIsDoneBeforeAnythingIsListed() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            _ = await node.post("ADD", sandbox: "a1")
            _ = await node.post("ADD", sandbox: "b1", pod: "db")
        }
        let gone = try bench.request("DEL", sandbox: "a1")
        try AtomicFile.write(gone.json.text().utf8, to: "\(bench.directory)/deletions/\(gone.fileName)")
        try await bench.serving { node in
            #expect(node.news.attachments == ["b1.eth0"])
            #expect(Files.list("\(bench.directory)/deletions")?.isEmpty == true)
        }
    }

    @Test func anAttachmentWithoutItsNamespaceIsDroppedOnListing() async throws {
        let bench = try Bench()
        let path = "\(bench.directory)/netns"
        try Files.write(path, "")
        try await bench.serving { node in _ = await node.post("ADD", sandbox: "a1", netns: path) }
        try Files.remove(path)
        try await bench.serving { node in #expect(node.news.attachments.isEmpty) }
    }

    @Test func gcRemovesWhatTheRuntimeDoesNotKnow() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            _ = await node.post("ADD", sandbox: "a1")
            _ = await node.post("ADD", sandbox: "b1", pod: "db")
            let known: JSON = [["containerID": "b1", "ifname": "eth0"]]
            #expect(await node.post("GC", extra: ("cni.dev/valid-attachments", known)).isError == false)
            #expect(node.news.attachments == ["b1.eth0"])
            #expect(await node.post("GC").isError)
            #expect(node.news.attachments == ["b1.eth0"])
        }
    }

    @Test func checkKnowsOnlyWhatWasAdded() async throws {
        let bench = try Bench()
        try await bench.serving { node in
            _ = await node.post("ADD", sandbox: "a1")
            #expect(await node.post("CHECK", sandbox: "a1").isError == false)
            #expect(CNIError(await node.post("CHECK", sandbox: "zz").json)?.code == .unknownContainer)
            #expect(await node.post("STATUS").isError == false)
        }
    }

    @Test func theSocketIsForRootOnlyAndForOneServer() async throws {
        let bench = try Bench()
        try await bench.serving { _ in
            var status = stat()
            #expect(stat(bench.socket, &status) == 0 && status.st_mode & 0o777 == 0o600)
            await #expect(throws: (any Error).self) {
                try await CNIFeed(socket: bench.socket, stateDirectory: bench.state, resolver: Resolver(.good))
                    .run { _ in }
            }
            let http = LocalHTTP(socket: bench.socket)
            let status404 = try await onThread { try http.ask("GET", "/nothing").status }
            #expect(status404 == 404)
        }
        #expect(!Files.exists(bench.socket))
    }
}
