import CNI
import Model
import Testing

private let configuration = #"{"cniVersion":"1.0.0","name":"ovenbird","type":"ovenbird-cni"}"#
private let good = [
    "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "4f6b", "CNI_NETNS": "/run/netns/x", "CNI_IFNAME": "eth0",
    "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u1",
]

private func read(_ environment: [String: String], _ input: String = configuration) throws(CNIError) -> CNIRequest {
    try CNIRequest(environment: environment, input: input.utf8)
}

private func error(_ environment: [String: String], _ input: String = configuration) -> CNIError? {
    do {
        _ = try read(environment, input)
        return nil
    } catch {
        return error
    }
}

@Suite struct RequestTests {
    @Test func addIsReadWithItsArguments() throws {
        let request = try read(good)
        #expect(request.command == .add)
        #expect(request.containerID == "4f6b" && request.interface == "eth0" && request.namespace == "/run/netns/x")
        #expect(request.arguments["K8S_POD_NAME"] == "web")
        #expect(request.configuration.version == .v1_0_0)
        #expect(request.configuration.validAttachments == nil)
    }

    @Test func whatIsSentToTheDaemonReadsTheSame() throws {
        let request = try read(good)
        #expect(try CNIRequest(sent: request.json.text().utf8) == request)
    }

    @Test(arguments: ["", "x", "{", "[]", "17", #"{"a":1,"a":2}"#])
    func garbageIsUndecodable(_ input: String) {
        #expect(error(good, input)?.code == .undecodable)
    }

    @Test(arguments: [
        (#"{"cniVersion":"9.9.9","name":"x"}"#, CNIError.Code.incompatibleVersion),
        (#"{"cniVersion":"0.2.0","name":"x"}"#, .incompatibleVersion),
        (#"{"cniVersion":1,"name":"x"}"#, .invalidConfiguration),
        (#"{"name":"x"}"#, .invalidConfiguration),
        (#"{"cniVersion":"1.0.0"}"#, .invalidConfiguration),
        (#"{"cniVersion":"1.0.0","name":"a/b"}"#, .invalidConfiguration),
        (#"{"cniVersion":"1.0.0","name":"a","plugins":[]}"#, .invalidConfiguration),
        (#"{"cniVersion":"1.0.0","name":"a","socket":17}"#, .invalidConfiguration),
    ])
    func aWrongConfigurationHasItsCode(_ input: String, _ code: CNIError.Code) {
        #expect(error(good, input)?.code == code)
    }

    @Test(arguments: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"])
    func everyMissingVariableIsNamed(_ variable: String) {
        var environment = good
        environment[variable] = nil
        let found = error(environment)
        #expect(found?.code == .invalidEnvironment)
        #expect(found?.details.contains(variable) == true)
    }

    @Test(arguments: [
        ("CNI_CONTAINERID", "../x"), ("CNI_CONTAINERID", "-x"), ("CNI_IFNAME", "a/b"), ("CNI_IFNAME", ".."),
        ("CNI_IFNAME", "sixteen-letters-x"), ("CNI_NETNS", "netns/x"), ("CNI_COMMAND", "FLY"), ("CNI_COMMAND", ""),
        ("CNI_ARGS", "K8S_POD_NAME=web"),
    ])
    func aBadVariableIsRefused(_ variable: String, _ value: String) {
        var environment = good
        environment[variable] = value
        #expect(error(environment)?.code == .invalidEnvironment)
    }

    @Test func delNeedsNoNamespaceAndNoPod() throws {
        let request = try read(["CNI_COMMAND": "DEL", "CNI_CONTAINERID": "4f6b", "CNI_IFNAME": "eth0"])
        #expect(request.namespace.isEmpty && request.arguments.isEmpty)
    }

    @Test func commandsAreRefusedBeforeTheirVersion() {
        #expect(error(["CNI_COMMAND": "GC"])?.code == .incompatibleVersion)
        #expect(error(["CNI_COMMAND": "STATUS"])?.code == .incompatibleVersion)
        #expect(error(["CNI_COMMAND": "STATUS"], #"{"cniVersion":"1.1.0","name":"x"}"#) == nil)
    }

    @Test func gcReadsWhatIsStillValid() throws {
        let input = """
            {"cniVersion":"1.1.0","name":"x","cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0"}]}
            """
        let valid = try read(["CNI_COMMAND": "GC"], input).configuration.validAttachments
        #expect(valid == [.init(containerID: "a", interface: "eth0")])
    }
}
