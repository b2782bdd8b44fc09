import Core
import Feeds
import Linux
import Model
import Testing

private func pod(_ name: String, app: String = "web") -> String {
    "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name), namespace: shop, labels: {app: \(app)}}\n"
}

@Suite("manifest feed", .timeLimit(.minutes(3)))
struct ManifestFeedTests {
    private let temporary = TemporaryDirectory()

    /// Runs a feed over `manifests` and `status`, both made before.
    private func withFeed(
        settling: Duration = .milliseconds(50), _ body: @Sendable (FeedProbe, ManifestFeed) async throws -> Void
    ) async throws {
        try temporary.makeDirectory("manifests")
        let feed = ManifestFeed(
            directories: [temporary["manifests"]], overlays: [temporary["status"]], settling: settling)
        try await FeedProbe.with(feed) { probe in try await body(probe, feed) }
    }

    /// All that was written before has been seen when this comes back: events keep their order.
    private func pass(_ probe: FeedProbe, _ name: String) async throws {
        try temporary.write("manifests/zz-\(name).yaml", pod(name))
        try await probe.until { $0.objects[Pod.id("shop", name)] != nil }
    }

    @Test("lists everything in any depth first, then says so, then follows")
    func listing() async throws {
        try temporary.write("manifests/a.yaml", pod("a") + "---\n" + pod("b"))
        try temporary.write("manifests/deep/er/c.json", #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"}}"#)
        try temporary.write("manifests/.hidden/d.yaml", pod("d"))
        try temporary.write("manifests/readme.md", "# no manifest")
        try await withFeed { probe, _ in
            try await probe.until(\.isListed)
            #expect(probe.state.names == ["Pod/default/c", "Pod/shop/a", "Pod/shop/b"])
            #expect(probe.state.log.last == "listed" && probe.state.problems.isEmpty)
            try temporary.write("manifests/new/e.yaml", pod("e"))
            try await probe.until { $0.names.contains("Pod/shop/e") }
            try temporary.remove("manifests/a.yaml")
            try await probe.until { $0.names == ["Pod/default/c", "Pod/shop/e"] }
        }
    }

    @Test("a broken file is a problem and loses nothing; repaired, it counts again; deleted, it goes")
    func broken() async throws {
        try temporary.write("manifests/a.yaml", pod("a") + "---\n" + pod("b"))
        try await withFeed { probe, _ in
            try await probe.until(\.isListed)
            try temporary.write("manifests/a.yaml", pod("a", app: "new") + "---\nkind: [\n")
            try await probe.until { $0.problems == ["BadYAML"] }
            #expect(probe.state.names == ["Pod/shop/a", "Pod/shop/b"])
            #expect((probe.state.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "new")
            try temporary.write("manifests/a.yaml", pod("a", app: "new"))
            try await probe.until { $0.names == ["Pod/shop/a"] && $0.problems.isEmpty }
            try temporary.write("manifests/a.yaml", "kind: [")
            try await probe.until { $0.problems == ["BadYAML"] }
            try temporary.remove("manifests/a.yaml")
            try await probe.until { $0.names.isEmpty && $0.problems.isEmpty }
        }
    }

    @Test("files replaced as editors do it never remove an object on the way")
    func editors() async throws {
        try temporary.write("manifests/a.yaml", pod("a"))
        try await withFeed(settling: .seconds(20)) { probe, _ in
            try await probe.until(\.isListed)
            // A temporary file, renamed.
            try temporary.write("manifests/.a.yaml.swp", "x: [")
            try temporary.write("manifests/a.yaml~", "x: [")
            try temporary.write("manifests/.draft", pod("a", app: "two"))
            try temporary.move("manifests/.draft", to: "manifests/a.yaml")
            try await probe.until { ($0.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "two" }
            // The old one renamed away, a new one written.
            try temporary.move("manifests/a.yaml", to: "manifests/a.yaml~")
            try await pass(probe, "one")
            try temporary.write("manifests/a.yaml", pod("a", app: "three"))
            try await probe.until { ($0.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "three" }
            // Emptied, then written.
            try temporary.overwrite("manifests/a.yaml", "")
            try await pass(probe, "two")
            try temporary.overwrite("manifests/a.yaml", pod("a", app: "four"))
            try await probe.until { ($0.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "four" }
            // Moved to another file.
            try temporary.move("manifests/a.yaml", to: "manifests/b.yaml")
            try await pass(probe, "three")
            #expect(!probe.state.log.contains { $0.hasPrefix("remove") || $0.hasPrefix("failed") })
        }
    }

    @Test("a directory moved away takes its objects along, moved back it brings them")
    func directories() async throws {
        try temporary.write("manifests/team/a.yaml", pod("a"))
        try await withFeed { probe, _ in
            try await probe.until(\.isListed)
            try temporary.move("manifests/team", to: "elsewhere")
            try await probe.until { $0.names.isEmpty }
            try temporary.move("elsewhere", to: "manifests/group")
            try await probe.until { $0.names == ["Pod/shop/a"] }
            try temporary.write("manifests/group/a.yaml", pod("a2"))
            try await probe.until { $0.names == ["Pod/shop/a2"] }
        }
    }

    @Test("an object in two files is a problem that names both; the first file by name counts")
    func duplicates() async throws {
        try temporary.write("manifests/b.yaml", pod("a", app: "b"))
        try await withFeed { probe, _ in
            try await probe.until(\.isListed)
            try temporary.write("manifests/a.yaml", pod("a", app: "a"))
            try await probe.until { $0.problems == ["DuplicateObject"] }
            let message = try #require(probe.state.failures.first)
            #expect(message.source.hasSuffix("manifests/b.yaml:1") && message.message.contains("manifests/a.yaml:1"))
            #expect((probe.state.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "a")
            try temporary.remove("manifests/a.yaml")
            try await probe.until { $0.problems.isEmpty }
            #expect((probe.state.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "b")
            #expect(!probe.state.log.contains { $0.hasPrefix("remove") })
        }
    }

    @Test("a file with the same text is not parsed again, and wakes nobody")
    func cache() async throws {
        try temporary.write("manifests/a.yaml", pod("a"))
        try await withFeed { probe, feed in
            try await probe.until(\.isListed)
            #expect(feed.statistics.parsedFiles == 1)
            try temporary.write("manifests/a.yaml", pod("a"))
            try await pass(probe, "b")
            #expect(feed.statistics.parsedFiles == 2)
            try temporary.write("manifests/a.yaml", "# remark\n" + pod("a"))
            try await pass(probe, "c")
            #expect(feed.statistics.parsedFiles == 4)
            #expect(probe.state.log.count { $0 == "put Pod/shop/a" } == 1)
        }
    }

    @Test("a mounted ConfigMap changes by its hidden link")
    func configMap() async throws {
        try temporary.write("manifests/..one/a.yaml", pod("a", app: "one"))
        try temporary.link("..one", at: "manifests/..data")
        try temporary.link("..data/a.yaml", at: "manifests/a.yaml")
        try await withFeed { probe, _ in
            try await probe.until(\.isListed)
            #expect(probe.state.names == ["Pod/shop/a"])
            try temporary.write("manifests/..two/a.yaml", pod("a", app: "two"))
            try temporary.link("..two", at: "manifests/..data_tmp")
            try temporary.move("manifests/..data_tmp", to: "manifests/..data")
            try await probe.until { ($0.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "two" }
        }
    }

    @Test("a directory that is missing is waited for, and one that vanishes keeps its objects")
    func missing() async throws {
        let feed = ManifestFeed(directories: [temporary["not/yet"]], settling: .milliseconds(1))
        try await FeedProbe.with(feed) { probe in
            try await probe.until { $0.problems == ["NotFound"] }
            #expect(!probe.state.isListed)
            try temporary.write("not/yet/a.yaml", pod("a"))
            try await probe.until { $0.isListed && $0.names == ["Pod/shop/a"] && $0.problems.isEmpty }
            try temporary.move("not/yet", to: "gone")
            try await probe.until { $0.problems == ["NotFound"] }
            #expect(probe.state.names == ["Pod/shop/a"])
            try temporary.write("not/yet/b.yaml", pod("b"))
            try await probe.until { $0.names == ["Pod/shop/b"] && $0.problems.isEmpty }
        }
    }
}

@Suite("manifest memory", .timeLimit(.minutes(3)))
struct ManifestMemoryTests {
    private let temporary = TemporaryDirectory()

    private func feed(memory: Bool = true) -> ManifestFeed {
        ManifestFeed(
            directories: [temporary["manifests"]], settling: .milliseconds(1),
            memory: memory ? temporary["memory"] : nil)
    }

    @Test("a file that is broken when the daemon starts has the objects it had before")
    func broken() async throws {
        try temporary.write("manifests/a%.yaml", pod("a") + "---\n" + pod("b"))
        try temporary.write("manifests/c.yaml", pod("c"))
        try await FeedProbe.with(feed()) { try await $0.until(\.isListed) }
        try temporary.write("manifests/a%.yaml", pod("a", app: "new") + "---\nkind: [")
        try temporary.remove("manifests/c.yaml")
        try await FeedProbe.with(feed(memory: false)) { probe in
            try await probe.until(\.isListed)
            #expect(probe.state.names == ["Pod/shop/a"])
        }
        try await FeedProbe.with(feed()) { probe in
            try await probe.until(\.isListed)
            #expect(probe.state.names == ["Pod/shop/a", "Pod/shop/b"] && probe.state.problems == ["BadYAML"])
            #expect((probe.state.objects[Pod.id("shop", "a")] as? Pod)?.labels["app"] == "new")
            try temporary.remove("manifests/a%.yaml")
            try await probe.until { $0.names.isEmpty }
        }
        #expect(Files.list(temporary["memory"])?.isEmpty == true)
    }
}

@Suite("status directory over manifests", .timeLimit(.minutes(3)))
struct OverlayTests {
    private let temporary = TemporaryDirectory()

    private func annotations(_ state: FeedProbe.State) -> [String: String]? {
        (state.objects[Pod.id("shop", "a")] as? Pod)?.annotations
    }

    @Test("annotations of all writers are laid over the manifest's, come and go with their files, and wait for it")
    func overlay() async throws {
        try temporary.makeDirectory("manifests")
        try temporary.write("manifests/status/n1/Pod.shop.a.json", #"{"annotations":{"x":"1"}}"#)
        let feed = ManifestFeed(
            directories: [temporary["manifests"]], overlays: [temporary["manifests/status"]],
            settling: .milliseconds(1))
        try await FeedProbe.with(feed) { probe in
            try await probe.until(\.isListed)
            #expect(probe.state.names.isEmpty)
            try temporary.write(
                "manifests/a.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, annotations: {own: o, x: old}}\n")
            try await probe.until { annotations($0) == ["own": "o", "x": "1"] }
            try temporary.write("manifests/status/cluster/Pod.shop.a.json", #"{"annotations":{"y":"2"}}"#)
            try await probe.until { annotations($0) == ["own": "o", "x": "1", "y": "2"] }
            try temporary.write("manifests/status/cluster/Pod.shop.a.json", #"{"annotations":{"y":2}}"#)
            try await probe.until { $0.problems == ["WrongType"] }
            #expect(annotations(probe.state)?["y"] == "2")
            try temporary.remove("manifests/status/cluster/Pod.shop.a.json")
            try await probe.until { annotations($0) == ["own": "o", "x": "1"] && $0.problems.isEmpty }
            try temporary.remove("manifests/status/n1/Pod.shop.a.json")
            try await probe.until { annotations($0) == ["own": "o", "x": "old"] }
            try temporary.remove("manifests/a.yaml")
            try await probe.until { $0.names.isEmpty }
        }
    }

    @Test("file names tell the object, dots in its name included")
    func fileNames() {
        for id in [Node.id("", "n1.example.com"), Pod.id("shop", "a.b")] {
            #expect(ObjectOverlay.object(ofFile: ObjectOverlay.fileName(of: id)) == id)
        }
        for name in ["a.json", ".Pod.shop.a.json", "Pod.shop.json", "Pod.shop.a.yaml", "..n1.json"] {
            #expect(ObjectOverlay.object(ofFile: name) == nil)
        }
    }

    @Test("conditions are laid over those of the object")
    func conditions() throws {
        let json = try JSON(
            parsing: #"{"status":{"conditions":[{"type":"A","status":"True"},{"type":"B","status":"True"}]}}"#)
        let overlay = ObjectOverlay(conditions: ["B": Condition(.false, reason: "R", message: "m")])
        #expect(
            ObjectOverlay.lay([overlay], over: json).text()
                == #"{"status":{"conditions":[{"type":"A","status":"True"},{"type":"B","status":"False","reason":"R","message":"m"}]}}"#
        )
        #expect(ObjectOverlay.lay([], over: json) == json)
    }

    @Test("a scheduler's node and uid count where the manifest has none")
    func placement() throws {
        let overlay = ObjectOverlay(nodeName: "n2", uid: "u2")
        let free: JSON = ["metadata": ["name": "a"]]
        let set: JSON = ["metadata": ["name": "a", "uid": "u1"], "spec": ["nodeName": "n1"]]
        let placed = try Pod(JSONCursor(ObjectOverlay.lay([overlay], over: free)))
        #expect(placed.nodeName == "n2" && placed.uid == "u2")
        let fixed = try Pod(JSONCursor(ObjectOverlay.lay([overlay], over: set)))
        #expect(fixed.nodeName == "n1" && fixed.uid == "u1")
        let text = overlay.text(of: placed.id)
        #expect(try ObjectOverlay(JSONCursor(JSON(parsing: text))) == overlay)
    }
}
