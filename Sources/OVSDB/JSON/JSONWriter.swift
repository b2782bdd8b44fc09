/// Writes JSON as bytes.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    mutating func raw(_ text: StaticString) { bytes += "\(text)".utf8 }
    mutating func raw(_ more: [UInt8]) { bytes += more }
    mutating func integer(_ value: Int) { bytes += String(value).utf8 }
    mutating func real(_ value: Double) { bytes += (value.isFinite ? String(value) : "0").utf8 }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += "\\u\(digits.count == 1 ? "000" : "00")\(digits)".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes elements with commas between.
    mutating func list<S: Sequence>(_ elements: S, _ write: (S.Element, inout JSONWriter) -> Void) {
        bytes.append(UInt8(ascii: "["))
        joined(elements, write)
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes members with commas between; `write` writes the value.
    mutating func object<V>(_ members: [(String, V)], _ write: (V, inout JSONWriter) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        joined(members) { member, writer in
            writer.string(member.0)
            writer.raw(":")
            write(member.1, &writer)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func joined<S: Sequence>(_ elements: S, _ write: (S.Element, inout JSONWriter) -> Void) {
        var isFirst = true
        for element in elements {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(element, &self)
        }
    }
}
