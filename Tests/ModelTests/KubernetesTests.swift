import Core
import Model
import Testing

@Test("reads a pod")
func pod() throws {
    let pod = try Pod(
        JSONCursor(
            JSON(
                parsing: #"""
                    {"metadata":{"name":"web","namespace":"shop","uid":"u1","creationTimestamp":"2026-12-01T09:00:00Z","labels":{"app":"web"}},
                     "spec":{"nodeName":"n1","containers":[{"name":"c","command":["sh"],"args":["-c","true"],
                       "env":[{"name":"A","value":"1"}],"workingDir":"/srv",
                       "ports":[{"name":"http","containerPort":8080},{"containerPort":53,"protocol":"UDP"}]}]},
                     "status":{"phase":"Running"}}
                    """#)))
    #expect(pod.id.description == "Pod/shop/web")
    #expect(pod.uid == "u1" && pod.labels == ["app": "web"] && pod.nodeName == "n1" && !pod.hostNetwork)
    #expect(pod.created == "2026-12-01T09:00:00Z")
    let container = try #require(pod.containers.first)
    #expect(container.ports == [Pod.Port(name: "http", 8080), Pod.Port(53, .udp)])
    #expect(container.command + container.args == ["sh", "-c", "true"])
    #expect(container.environment == [Pod.Variable("A", "1")] && container.workingDirectory == "/srv")
    #expect(Pod.isRunning.holds(pod) && Pod.isOnPodNetwork.holds(pod) && !Pod.isOnHostNetwork.holds(pod))
}

@Test("a pod that has ended, waits or uses the host's network is told apart")
func podTerms() throws {
    var pod = Pod(namespace: "shop", name: "web")
    #expect(!Pod.isRunning.holds(pod))
    pod.nodeName = "n1"
    #expect(Pod.isRunning.holds(pod) && !pod.isCompleted)
    pod.hostNetwork = true
    #expect(Pod.isRunning.holds(pod) && !Pod.isOnPodNetwork.holds(pod))
    pod.phase = .failed
    #expect(pod.isCompleted && !Pod.isRunning.holds(pod))
}

@Test("a pod of a virtual machine says which, and whether it runs there")
func guests() throws {
    var pod = Pod(
        namespace: "shop", name: "virt-launcher-vm-x", labels: ["kubevirt.io": "virt-launcher"], nodeName: "n1")
    pod.annotations["kubevirt.io/allow-pod-bridge-network-live-migration"] = ""
    #expect(pod.guest == nil)
    pod.labels["vm.kubevirt.io/name"] = "vm"
    #expect(pod.guest == Guest(machine: "vm", isReady: false, readySince: ""))
    pod.labels["kubevirt.io/nodeName"] = "n2"
    #expect(pod.guest?.isReady == false)
    pod.labels["kubevirt.io/nodeName"] = "n1"
    #expect(pod.guest?.isReady == true)
    pod.labels["kubevirt.io/nodeName"] = nil
    pod.annotations["kubevirt.io/migration-target-ready-timestamp"] = "2026-12-01T10:00:00Z"
    #expect(pod.guest == Guest(machine: "vm", isReady: true, readySince: "2026-12-01T10:00:00Z"))
    pod.annotations["kubevirt.io/allow-pod-bridge-network-live-migration"] = nil
    #expect(pod.guest == nil)
}

@Test("an object without namespace is in `default`, one without name is refused")
func names() throws {
    #expect(try Pod(JSONCursor(["metadata": ["name": "web"]])).namespace == "default")
    #expect(try Node(JSONCursor(["metadata": ["name": "n1", "namespace": "odd"]])).namespace == "")
    #expect(throws: Rejection("MissingName", field: "metadata.name", "is missing; every object needs a name")) {
        try Namespace(JSONCursor(["metadata": ["labels": ["a": "b"]]]))
    }
}

@Test(
    "a label that the API server would not take is refused, with its place",
    arguments: [
        ("app", "db "), ("app", "-x"), ("app", String(repeating: "x", count: 64)), ("app", "b\u{2}c\u{0}d"),
        ("", "x"), ("a b", "x"), ("a/b/c", "x"), ("Upper.io/x", "x"), ("/x", "x"), ("\u{1}local", ""),
    ])
func badLabels(key: String, value: String) {
    let pod: JSON = ["metadata": ["name": "web", "labels": .object(JSONObject([(key, .string(value))]))]]
    let error = #expect(throws: Rejection.self) { try Pod(JSONCursor(pod)) }
    #expect(error?.reason == "BadLabel" && error?.field == "metadata.labels", "\(String(describing: error))")
    let selector: JSON = ["matchLabels": .object(JSONObject([(key, .string(value))]))]
    #expect(LabelSelector.read(JSONCursor(selector)).faults.map(\.reason) == ["BadLabel"])
    let expression: JSON = ["key": .string(key), "operator": "In", "values": [.string(value)]]
    #expect(LabelSelector.read(JSONCursor(["matchExpressions": [expression]])).faults.map(\.reason) == ["BadLabel"])
}

@Test("labels of every allowed form are taken")
func goodLabels() throws {
    let labels: JSON = ["app.kubernetes.io/part-of": "Shop_1.x", "a": "", "A_b-c.d": "1"]
    #expect(try Pod(JSONCursor(["metadata": ["name": "web", "labels": labels]])).labels.count == 3)
}

@Test("keeps the order of a node's internal addresses and leaves out others")
func node() throws {
    let node = try Node(
        JSONCursor([
            "metadata": ["name": "n1"],
            "status": [
                "addresses": [
                    ["type": "Hostname", "address": "n1"], ["type": "InternalIP", "address": "fd30::1"],
                    ["type": "InternalIP", "address": "172.30.0.1"],
                ]
            ],
        ]))
    #expect(node.internalAddresses.map(\.description) == ["fd30::1", "172.30.0.1"])
    #expect(Namespace(name: "shop").labels == ["kubernetes.io/metadata.name": "shop"])
}

@Test("knows all fields of a pod but not misspelt ones")
func podFields() {
    let value: JSON = ["metadata": ["name": "a"], "spec": ["hostNetwrk": true, "containers": [["prots": []]]]]
    #expect(
        Pod.fields.unknown(in: JSONCursor(value)).map(\.field).sorted() == [
            "spec.containers[0].prots", "spec.hostNetwrk",
        ])
}
