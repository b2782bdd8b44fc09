import NIOCore

/// Finds where a JSON text ends; peers put nothing between two of them.
///
/// Keeps its state between calls, so that a text of many megabytes is scanned once.
struct FrameScanner {
    static let depthLimit = 200
    private(set) var scanned = 0
    private var depth = 0
    private var inString = false
    private var isEscaped = false

    /// Scans on. `bytes` begins where the text began; answers its length once it is complete.
    mutating func scan(_ bytes: Span<UInt8>) throws(BadJSON) -> Int? {
        while scanned < bytes.count {
            let byte = bytes[scanned]
            scanned += 1
            if inString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == 0, byte == UInt8(ascii: "[") { throw BadJSON(at: scanned - 1, expected: "{") }
                depth += 1
                if depth > Self.depthLimit {
                    throw BadJSON(at: scanned, expected: "fewer than \(Self.depthLimit) levels")
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    defer { self = FrameScanner() }
                    return scanned
                }
                if depth < 0 { throw BadJSON(at: scanned - 1, expected: "{") }
            case UInt8(ascii: "\"") where depth > 0: inString = true
            case 0x20, 0x09, 0x0a, 0x0d: break
            default:
                if depth == 0 { throw BadJSON(at: scanned - 1, expected: "{") }
            }
        }
        return nil
    }
}

/// Cuts the stream of a connection into JSON texts.
struct FrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = [UInt8]

    private var scanner = FrameScanner()

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let length = try scanner.scan(buffer.readableBytesUInt8Span),
            let text = buffer.readBytes(length: length)
        else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(text))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        while try decode(context: context, buffer: &buffer) == .continue {}
        return .needMoreData
    }
}
