import Linux
import LinuxTestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(3)))
struct NetworkNamespaceTests {
    @Test func namespacesComeAndGoByName() throws {
        let name: String
        do {
            let test = try TestNamespace("come")
            name = test.name
            #expect(NetworkNamespace.names().contains(name))
            #expect(try Command("ip", "netns", "exec", name, "ip", "-br", "link").run().hasPrefix("lo"))
            #expect(throws: SystemError.self) { try NetworkNamespace.create(name) }
            #expect(NetworkNamespace.names().contains(name), "a failed second creation removes nothing")
        }
        #expect(!NetworkNamespace.names().contains(name))
        try NetworkNamespace.delete(name)
    }

    @Test func onlyTheBodysThreadIsInside() throws {
        let test = try TestNamespace("inside")
        let before = try NetworkNamespace.current()
        let inside = try test.namespace.run { try NetworkNamespace.current() }
        #expect(inside.isSame(as: test.namespace))
        #expect(!inside.isSame(as: before))
        #expect(try NetworkNamespace.current().isSame(as: before))
    }

    @Test func aMissingNamespaceIsAClearError() {
        #expect {
            try NetworkNamespace.named("ovbt-nobody")
        } throws: {
            "\($0)" == "open /run/netns/ovbt-nobody: No such file or directory"
        }
    }

    @Test func settingsAndProcessesFollowTheNamespace() throws {
        let a = try TestNamespace("set-a")
        let b = try TestNamespace("set-b")
        try a.namespace.run { try KernelSettings.set("net/ipv4/ip_forward", to: "1") }
        #expect(try a.namespace.run { KernelSettings.value("net/ipv4/ip_forward") } == "1")
        #expect(try b.namespace.run { KernelSettings.value("net/ipv4/ip_forward") } == "0")
        #expect(try b.namespace.run { KernelSettings.value("net/ipv4/conf/none/forwarding") } == nil)
        #expect(try a.run("cat /proc/sys/net/ipv4/ip_forward") == "1\n")
    }
}
