import Core

/// A world to load, and label changes to follow.
struct Workload {
    var objects: [any Kind] = []
    var flips: [any Kind] = []

    private static func address(_ number: Int) -> String {
        "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }

    /// 25,000 namespaces with four pods and three policies: a default deny, and two that select by label.
    static func manyNamespaces() -> Workload {
        var work = Workload()
        for n in 0..<25_000 {
            let namespace = "namespace-\(n)"
            work.objects.append(Namespace(name: namespace, labels: ["name": namespace]))
            for p in 0..<4 {
                work.objects.append(
                    Pod(
                        namespace: namespace, name: "pod-\(p)", labels: ["role": "r\(p % 2)", "tier": "t\(p / 2)"],
                        isLocal: true, address: address(n * 4 + p)))
            }
            work.objects.append(Policy(namespace: namespace, name: "deny", subject: .everything, rules: []))
            for key in ["role", "tier"] {
                let letter = key == "role" ? "r" : "t"
                work.objects.append(
                    Policy(
                        namespace: namespace, name: "by-\(key)", subject: LabelSelector(labels: [key: "\(letter)0"]),
                        rules: [.init(scope: .namespace(namespace), pods: LabelSelector(labels: [key: "\(letter)1"]))]))
            }
        }
        return work
    }

    /// 10,000 policies that all select 10,000 pods.
    static func manyPolicies() -> Workload {
        var work = Workload()
        work.objects.append(Namespace(name: "shop", labels: ["name": "shop"]))
        for p in 0..<10_000 {
            work.objects.append(
                Pod(namespace: "shop", name: "pod-\(p)", labels: ["app": "web"], isLocal: true, address: address(p)))
        }
        for p in 0..<10_000 {
            work.objects.append(
                Policy(
                    namespace: "shop", name: "policy-\(p)", subject: .everything,
                    rules: [.init(scope: .namespace("shop"), pods: .everything)]))
        }
        return work
    }

    /// 100 namespaces with 1,000 pods of 100 applications and 100 policies of two rules, one of them across
    /// namespaces; then 10,000 pods change their application.
    static func manyPods(local: Int) -> Workload {
        var work = Workload()
        var pods: [Pod] = []
        for n in 0..<100 {
            let namespace = "namespace-\(n)"
            work.objects.append(Namespace(name: namespace, labels: ["name": namespace, "team": "team-\(n % 5)"]))
            for p in 0..<1000 {
                let number = n * 1000 + p
                pods.append(
                    Pod(
                        namespace: namespace, name: "pod-\(p)", labels: ["app": "app-\(p % 100)"],
                        isLocal: number * local / 100_000 != (number + 1) * local / 100_000, address: address(number)))
            }
            for p in 0..<100 {
                let own = LabelSelector(labels: ["app": "app-\((p + 1) % 100)"])
                let other = LabelSelector(labels: ["app": "app-\(p % 4)"])
                let team = LabelSelector(labels: ["team": "team-\(n % 5)"])
                work.objects.append(
                    Policy(
                        namespace: namespace, name: "policy-\(p)", subject: LabelSelector(labels: ["app": "app-\(p)"]),
                        rules: [
                            .init(scope: .namespace(namespace), pods: own),
                            .init(scope: .namespaces(team), pods: other),
                        ]))
            }
        }
        work.objects += pods as [any Kind]
        for i in 0..<10_000 {
            let pod = pods[i * 7919 % pods.count]
            work.flips.append(
                Pod(
                    namespace: pod.namespace, name: pod.name, labels: ["app": "app-\((i * 31) % 100)"],
                    isLocal: pod.isLocal, address: pod.address))
        }
        return work
    }
}
