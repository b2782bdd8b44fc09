import Core
import Feeds
import Model
import Testing

private let reader = ManifestReader(decoders: KindDecoder.base)

private func read(_ text: String, file: String = "a.yaml") -> ManifestContents {
    reader.read(Array(text.utf8), file: file)
}

private func problems(_ text: String, file: String = "a.yaml") -> [String] {
    read(text, file: file).problems.map { "\($0.source) \($0.reason) \($0.message)" }
}

private func pod(_ name: String, _ more: String = "") -> String {
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \(name)\n  namespace: shop\n\(more)"
}

@Test("reads several documents, lists and JSON, and counts what nobody handles")
func documents() {
    let text =
        "# first\n" + pod("a") + "---\n" + pod("b") + "---\n---\napiVersion: v1\nkind: List\nitems:\n"
        + "- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n- apiVersion: apps/v1\n  kind: Deployment\n"
        + "--- # end\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
    let contents = read(text)
    #expect(contents.objects.map(\.id.description) == ["Pod/shop/a", "Pod/shop/b", "Node/n1"])
    #expect(contents.objects.map(\.source) == ["a.yaml:2", "a.yaml:8", "a.yaml:18"])
    #expect(contents.ignored == ["Deployment": 1, "ConfigMap": 1])
    #expect(contents.problems.isEmpty && !contents.isBroken)
    let json = read(
        #"{"apiVersion":"v1","kind":"NodeList","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"n2"}}]}"#,
        file: "a.json")
    #expect(json.objects.map(\.id.description) == ["Node/n2"])
    #expect(read("").objects.isEmpty && !read("\n# nothing\n").isBroken)
}

@Test("takes only what JSON knows for numbers, true, false and null; the rest is text")
func scalars() throws {
    let text = pod(
        "a",
        "  annotations: {mac: 12:34:56:10:20:30, port: 22:22, octal: 010, yes: yes, day: 2001-01-01, quoted: '7', tagged: !!str 7}\n"
    )
    let pod = try #require(read(text).objects.first?.object as? Pod)
    #expect(
        pod.annotations == [
            "mac": "12:34:56:10:20:30", "port": "22:22", "octal": "010", "yes": "yes", "day": "2001-01-01",
            "quoted": "7", "tagged": "7",
        ])
    #expect(
        problems(annotated(annotation: "7")) == [
            "a.yaml:6 WrongType Pod/shop/a: metadata.annotations.x: expected text, found 7"
        ])
}

private func annotated(annotation: String) -> String { pod("a", "  annotations: {x: \(annotation)}\n") }

@Test(
    "says what is wrong with the line",
    arguments: [
        (
            pod("a", "spec:\n  hostNetwork: yes\n"),
            "a.yaml:7 WrongType Pod/shop/a: spec.hostNetwork: expected true or false, found \"yes\""
        ),
        (
            pod("a", "spec:\n  containers:\n  - name: c\n    ports:\n    - containerPort: 70000\n"),
            "a.yaml:10 BadValue Pod/shop/a: spec.containers[0].ports[0].containerPort: 70000 is not from 1 to 65535"
        ),
        (
            pod("a", "spec:\n  hostNetwrk: true\n"),
            "a.yaml:7 UnknownField Pod/shop/a: spec.hostNetwrk: is not a field; did you mean hostNetwork?"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {}\n",
            "a.yaml:3 MissingName Pod: metadata.name: is missing; every object needs a name"
        ),
        ("apiVersion: v1\nkind: Pdo\n", "a.yaml:2 UnknownKind no enabled module reads Pdo of v1; did you mean Pod?"),
        ("apiVersion: v2\nkind: Pod\n", "a.yaml:2 UnknownKind Pod of v2 is not known; its apiVersion is v1"),
        ("kind: Pod\n", "a.yaml:1 MissingField apiVersion: is missing; expected text"),
        ("- 1\n", "a.yaml:1 WrongType expected an object, found a list"),
        ("a: [1\nb: 2\n", "a.yaml:2 BadYAML while parsing a flow sequence, did not find expected ',' or ']'"),
        ("a: 1\na: 2\n", "a.yaml:1 BadYAML key a occurs twice"),
        ("x: *gone\n", "a.yaml:1 BadYAML found undefined alias"),
        (pod("a") + "---\n" + pod("a"), "a.yaml:10 DuplicateObject Pod/shop/a is already in a.yaml:1, which counts"),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: 7\n",
            "a.yaml:7 WrongType Pod: metadata.name: expected text, found 7"
        ),
    ])
func wrong(text: String, problem: String) {
    #expect(problems(text) == [problem])
    #expect(read(text).isBroken == !["UnknownField", "DuplicateObject"].contains { problem.contains($0) })
}

@Test("says what is wrong with JSON, and where")
func wrongJSON() {
    #expect(problems("{\n\"a\": 1,\n}\n", file: "a.json") == ["a.json:3 BadJSON expected a key in quotes"])
    #expect(
        problems(
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n\"metadata\":{\"name\":\"a\"},\"spec\":{\n\"hostNetwork\":1}}",
            file: "a.json")
            == ["a.json:3 WrongType Pod/default/a: spec.hostNetwork: expected true or false, found 1"])
}

@Test("a wrong document does not hide the others")
func partial() {
    let contents = read("a: [\n---\n" + pod("b") + "---\nkind: {\n")
    #expect(contents.objects.map(\.id.description) == ["Pod/shop/b"])
    #expect(contents.objects.map(\.source) == ["a.yaml:3"])
    #expect(contents.isBroken && contents.problems.count == 2)
}

@Test("expands aliases and merges, but not without end")
func aliases() throws {
    let text =
        "apiVersion: v1\nkind: List\nitems:\n- &a {apiVersion: v1, kind: Node, metadata: {name: n1}}\n- {<<: *a, metadata: {name: n2}}\n"
    #expect(read(text).objects.map(\.id.description) == ["Node/n1", "Node/n2"])
    var bomb = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
    for level in 1...9 {
        let alias = "*x\(level - 1)"
        bomb += "x\(level): &x\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
    }
    #expect(read(bomb).problems.map(\.message) == ["more than 200000 values"])
}

@Test("refuses files that are too large, too deep, or no text")
func limits() {
    let small = ManifestReader(decoders: KindDecoder.base, byteLimit: 10)
    #expect(small.read(Array("a: 23456789".utf8), file: "a.yaml").problems.map(\.reason) == ["TooLarge"])
    #expect(small.read(Array("# 34567890".utf8), file: "a.yaml").problems.isEmpty)
    #expect(reader.read([0x61, 0xff], file: "a.yaml").problems.map(\.message) == ["is not UTF-8 text"])
    for depth in [150, 200_000] {
        let deep = "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(read(deep).problems.map(\.reason) == ["BadYAML"])
    }
}
