public import Core

extension Pod {
    public init(_ cursor: JSONCursor) throws(Rejection) {
        let metadata = try Metadata(cursor, namespaced: true)
        let spec = cursor["spec"]
        self.init(
            namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, labels: metadata.labels,
            annotations: metadata.annotations,
            nodeName: try spec["nodeName"].string(or: ""),
            hostNetwork: try spec["hostNetwork"].boolean(or: false),
            phase: try cursor["status"]["phase"].optional { phase throws(Rejection) in try phase.choice() } ?? .pending,
            created: try cursor["metadata"]["creationTimestamp"].string(or: ""),
            containers: try spec["containers"].elements().map { each throws(Rejection) in try Container(each) })
    }

    public static let fields = Fields.kubernetes(["spec": spec])

    private static let spec = Fields.object(
        [
            "containers": .list(container), "initContainers": .list(container), "ephemeralContainers": .any,
            "securityContext": .any,
        ].merging(
            [
                "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy",
                "enableServiceLinks", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostUsers", "hostname",
                "hostnameOverride", "imagePullSecrets", "nodeName", "nodeSelector", "os", "overhead",
                "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "resourceClaims", "resources",
                "restartPolicy", "runtimeClassName", "schedulerName", "schedulingGates", "serviceAccount",
                "serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace", "subdomain",
                "terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "volumes", "workloadRef",
            ].map { ($0, Fields.any) }, uniquingKeysWith: { first, _ in first }))

    private static let container = Fields.object(
        [
            "ports": .list(.members("name", "containerPort", "protocol", "hostPort", "hostIP")),
            "env": .list(.members("name", "value", "valueFrom")),
        ].merging(
            [
                "args", "command", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "name",
                "readinessProbe", "resizePolicy", "resources", "restartPolicy", "restartPolicyRules",
                "securityContext", "startupProbe", "stdin", "stdinOnce", "terminationMessagePath",
                "terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts", "workingDir",
            ].map { ($0, Fields.any) }, uniquingKeysWith: { first, _ in first }))
}

extension Pod.Container {
    init(_ cursor: JSONCursor) throws(Rejection) {
        self.init(
            name: try cursor["name"].string(),
            image: try cursor["image"].string(or: ""),
            command: try cursor["command"].strings(),
            args: try cursor["args"].strings(),
            // A value from elsewhere (`valueFrom`) is not known here.
            environment: try cursor["env"].elements().map { entry throws(Rejection) in
                Pod.Variable(try entry["name"].string(), try entry["value"].string(or: ""))
            },
            workingDirectory: try cursor["workingDir"].string(or: ""),
            ports: try cursor["ports"].elements().map { port throws(Rejection) in
                Pod.Port(
                    name: try port["name"].string(or: ""), try port["containerPort"].integer(in: 1...65535),
                    try port["protocol"].optional { word throws(Rejection) in try word.choice() } ?? .tcp)
            })
    }
}
