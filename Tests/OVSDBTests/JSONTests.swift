import Testing

@testable import OVSDB

@Suite struct JSONTests {
    @Test func aValueIsReadWithItsEscapes() throws {
        let text = #" {"a":[1,-2.5,true,null,"x\n\u00e9\ud83d\ude00\"\\"],"b":{}} "#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value["a"]?.elements == [.integer(1), .real(-2.5), .boolean(true), .null, .string("x\né😀\"\\")])
        #expect(value["b"] == .object([:]))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{1:2}", "\"a", "\"\\", "\"\\u12\"", "\"\\ud800\"", "\"\\x\"", "tru",
        "nul",
        "[1 2]", "-", "1e999", "{\"a\":1}}", "\u{1}", "[99999999999999999999e]",
    ])
    func aTextThatIsNoJSONThrows(_ text: String) {
        #expect(throws: BadJSON.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func bytesThatAreNoUTF8Throw() {
        #expect(throws: BadJSON.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func deepNestingThrowsInsteadOfExhaustingTheStack() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: BadJSON.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func aWrittenStringReadsTheSame() throws {
        let text = "a\"b\\c\u{1}\u{1f}\n/é😀"
        var writer = JSONWriter()
        writer.string(text)
        #expect(try JSONValue(parsing: writer.bytes) == .string(text))
    }

    @Test func aUUIDReadsAsItIsWritten() {
        let text = "0123abcd-89ab-4def-8123-456789abcdef"
        #expect(RowUUID(text)?.description == text)
        #expect(RowUUID("0123abcd-89ab-4def-8123-456789abcde") == nil)
        #expect(RowUUID("0123abcdx89ab-4def-8123-456789abcdef") == nil)
    }
}

@Suite struct FramingTests {
    private func lengths(_ text: String) throws -> [Int] {
        var scanner = FrameScanner()
        var bytes = Array(text.utf8)
        var lengths: [Int] = []
        while let length = try scanner.scan(bytes.span) {
            lengths.append(length)
            bytes.removeFirst(length)
        }
        return lengths
    }

    @Test func textsWithoutAnythingBetweenAreToldApart() throws {
        #expect(try lengths(#"{"a":"}\"{"}{"b":[1]} {}"#) == [12, 9, 3])
    }

    @Test func aTextMayArriveByteByByte() throws {
        let text = Array(#"{"a":"\\\"}","b":[{}]}"#.utf8)
        var scanner = FrameScanner()
        for end in 1..<text.count {
            #expect(try scanner.scan(text[0..<end].span) == nil)
        }
        #expect(try scanner.scan(text.span) == text.count)
    }

    @Test(arguments: ["[", "x", "}", "\"{", "1"])
    func aStreamThatIsNoSequenceOfObjectsThrows(_ text: String) {
        #expect(throws: BadJSON.self) { try lengths(text) }
    }

    @Test func depthIsLimited() {
        #expect(throws: BadJSON.self) { try lengths(String(repeating: "{\"a\":", count: 201)) }
    }
}

@Suite struct EndpointTests {
    @Test func addressesAreParsed() throws {
        #expect(try Endpoint("unix:/run/ovn/ovnnb_db.sock") == .unix("/run/ovn/ovnnb_db.sock"))
        #expect(try Endpoint("tcp:127.0.0.1:6641") == .tcp("127.0.0.1", port: 6641))
        #expect(try Endpoint("ssl:[fd00::1]:6641") == .ssl("fd00::1", port: 6641))
        #expect(try Endpoint("tcp:[fd00::1]:6641").description == "tcp:[fd00::1]:6641")
    }

    @Test(arguments: ["", "unix", "tcp:host", "tcp:host:99999", "tcp::1", "udp:host:1"])
    func otherAddressesAreRefused(_ text: String) {
        #expect(throws: Endpoint.Malformed.self) { try Endpoint(text) }
    }
}
