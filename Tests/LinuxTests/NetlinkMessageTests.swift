import Model
import Testing

@testable import Linux

struct NetlinkMessageTests {
    @Test func attributesComeBackAsTheyWereWritten() throws {
        var message = NetlinkMessage("test", type: 16, flags: .acknowledge)
        message.attribute(3, string: "eth0")
        message.attribute(4, number: UInt32(1400))
        message.nested(18) { outer in
            outer.attribute(1, string: "veth")
            outer.nested(2) { $0.attribute(1, [1, 2, 3]) }
        }
        message.attribute(5, try #require(IPAddress("fd00::1")))
        let replies = NetlinkReply.split(message.sealed(sequence: 7)[...])
        #expect(replies.count == 1)
        let reply = try #require(replies.first)
        #expect(reply.type == 16)
        #expect(reply.sequence == 7)
        let attributes = NetlinkAttributes(reply.payload)
        #expect(attributes.string(3) == "eth0")
        #expect(attributes.number(4) == 1400)
        #expect(attributes.nested(18)?.string(1) == "veth")
        #expect(attributes.nested(18)?.nested(2)?[1].map(Array.init) == [1, 2, 3])
        #expect(attributes.address(5) == IPAddress("fd00::1"))
        #expect(attributes[6] == nil)
    }

    @Test func messagesCutOffAnywhereDoNotTrap() {
        var message = NetlinkMessage("test", type: 24, flags: [])
        message.append(UInt64(0))
        message.append(UInt32(0))
        message.nested(9) { $0.attribute(1, [1, 2, 3, 4, 5]) }
        let bytes = message.sealed(sequence: 1)
        for length in 0..<bytes.count {
            #expect(NetlinkReply.split(bytes[..<length]).isEmpty)
            let attributes = NetlinkAttributes(bytes[28..<max(28, length)])
            #expect(attributes.nested(9) == nil)
        }
        #expect(NetlinkReply.split(bytes[...]).count == 1)
    }
}
