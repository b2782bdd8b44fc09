import Core
import Model
import Testing

@Test(
    "writes what it read",
    arguments: [
        "null", "true", "-12", "1.5", "[]", "{}", #"{"b":1,"a":[true,null,"x"]}"#, #""tab\t quote\" back\\ \u0001""#,
        #""é 😀""#, "9223372036854775807",
    ])
func roundTrip(text: String) throws {
    #expect(try JSON(parsing: text).text() == text)
    #expect(try JSON(parsing: JSON(parsing: text).text(.pretty)) == JSON(parsing: text))
}

@Test("reads escapes, surrogate pairs and numbers that are no whole numbers")
func escapes() throws {
    #expect(try JSON(parsing: #" "\ud83d\ude00\/\u0041" "#) == "😀/A")
    #expect(try JSON(parsing: "1e3") == .real(1000))
    #expect(try JSON(parsing: "18446744073709551616") == .real(18446744073709551616))
}

@Test(
    "refuses what is not JSON, and says where",
    arguments: [
        ("", "unexpected end at byte 0"), ("{\"a\":1,}", "expected a key in quotes at byte 7"),
        ("[1 2]", "expected ',' or ']' at byte 3"), ("01", "a number must not begin with 0 at byte 0"),
        ("{\"a\":1,\"a\":2}", "key \"a\" occurs twice at byte 7"), ("nul", "expected a value at byte 0"),
        ("\"a", "the string has no end at byte 0"), ("\"\\ud800x\"", "half of a surrogate pair at byte 1"),
        ("1 x", "unexpected text after the value at byte 2"), ("\"a\nb\"", "control character in a string at byte 2"),
        ("yes", "expected a value at byte 0"), ("1.", "unexpected end at byte 2"),
        ("1e999", "number out of range at byte 0"),
        ("\"\\u+123\"", "expected four hexadecimal digits at byte 3"),
    ])
func notJSON(text: String, message: String) {
    #expect { try JSON(parsing: text) } throws: { "\($0)" == message }
}

@Test("refuses texts that are too large, too deep, or not UTF-8")
func limits() throws {
    let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
    #expect(throws: JSONSyntaxError.self) { try JSON(parsing: deep) }
    #expect(throws: Never.self) { try JSON(parsing: deep, limits: .init(depth: 65)) }
    #expect(throws: JSONSyntaxError.self) { try JSON(parsing: "[1,2]", limits: .init(bytes: 4)) }
    #expect(throws: Never.self) { try JSON(parsing: "[1,2]", limits: .init(bytes: 5)) }
    #expect(throws: JSONSyntaxError.self) { try JSON(parsing: [0x22, 0xff, 0x22] as [UInt8]) }
}

@Test("objects are equal whatever the order of their members, and write in theirs or by key")
func order() throws {
    let one = try JSON(parsing: #"{"b":1,"a":2}"#)
    let other = try JSON(parsing: #"{"a":2,"b":1}"#)
    #expect(one == other)
    #expect(one.hashValue == other.hashValue)
    #expect(one.text() != other.text())
    #expect(one.text(sorted: true) == other.text(sorted: true))
    #expect(one != ["a": 2])
}

@Test("an error names the field and what it found there")
func fieldErrors() throws {
    let value: JSON = [
        "spec": ["hostNetwork": "yes", "containers": [["name": 7]], "labels": ["a/b": 1], "port": 99999, "none": .null]
    ]
    let spec = JSONCursor(value)["spec"]
    func message(_ read: () throws -> Void) -> String {
        do { try read() } catch let error as Rejection { return "\(error.reason) \(error)" } catch {}
        return "no error"
    }
    #expect(
        message { _ = try spec["hostNetwork"].boolean() }
            == #"WrongType spec.hostNetwork: expected true or false, found "yes""#)
    #expect(
        message { _ = try spec["containers"].elements().map { try $0["name"].string() } }
            == "WrongType spec.containers[0].name: expected text, found 7")
    #expect(
        message { _ = try spec["labels"].stringMap() } == #"WrongType spec.labels["a/b"]: expected text, found 1"#)
    #expect(
        message { _ = try spec["port"].integer(in: 1...65535) } == "BadValue spec.port: 99999 is not from 1 to 65535")
    #expect(message { _ = try spec["gone"].string() } == "MissingField spec.gone: is missing; expected text")
    #expect(
        message { _ = try spec["port"]["deep"]["er"].string(or: "") }
            == "WrongType spec.port: expected an object, found 99999")
    #expect(message { _ = try spec["none"]["deep"].elements() } == "no error")
    #expect(try spec["none"].string(or: "absent") == "absent")
}

@Test("finds misspelt fields and the nearest right one")
func unknownFields() {
    let fields = Fields.object(["containers": .list(.members("name", "image")), "labels": .map(.any)])
    let value: JSON = ["containres": 1, "containers": [["nmae": "x", "image": "y"]], "labels": ["free": "yes"]]
    let found = fields.unknown(in: JSONCursor(value, at: "spec")).map(\.description)
    #expect(
        found == [
            "spec.containres: is not a field; did you mean containers?",
            "spec.containers[0].nmae: is not a field; did you mean name?",
        ])
    #expect(nearest(to: "completely-else", in: ["name", "image"]) == nil)
}

@Test("any value is read back as it was written, and any mangled text is refused or read without a crash")
func anyValue() throws {
    var state: UInt64 = 42
    func random(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % limit
    }
    func value(_ depth: Int) -> JSON {
        switch random(depth > 4 ? 5 : 7) {
        case 0: .null
        case 1: .boolean(random(2) == 0)
        case 2: .integer(random(1 << 30) - (1 << 29))
        case 3: .real(Double(random(1 << 20)) / 64 + 0.5)
        case 4: .string(String((0..<random(6)).map { _ in Array("a\"\\\n\u{1}é😀/{")[random(9)] }))
        case 5: .array((0..<random(4)).map { _ in value(depth + 1) })
        default: .object(JSONObject((0..<random(4)).map { ("k\($0)\n", value(depth + 1)) }))
        }
    }
    var refused = 0
    for _ in 0..<500 {
        let value = value(0)
        #expect(try JSON(parsing: value.text()) == value)
        #expect(try JSON(parsing: value.text(.pretty, sorted: true)) == value)
        var bytes = Array(value.text().utf8)
        bytes[random(bytes.count)] = UInt8(random(256))
        if (try? JSON(parsing: bytes)) == nil { refused += 1 }
    }
    #expect(refused > 100)
}

@Test("a path is taken apart as it was put together")
func paths() {
    let steps: [FieldPath.Step] = [.member("a"), .member("k8s.ovn.org/x\"y"), .element(3), .member("b")]
    let path = FieldPath.member(.element(.member(.member(.root(""), "a"), "k8s.ovn.org/x\"y"), 3), "b")
    #expect(FieldPath.steps(of: "\(path)") == steps)
    #expect(FieldPath.steps(of: "a[x].b") == [.member("a")])
    #expect(FieldPath.steps(of: "") == [])
}
