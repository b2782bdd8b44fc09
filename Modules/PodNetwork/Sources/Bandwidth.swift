import Core
import Model

/// How fast a pod may receive and send, in bits per second, as its annotations say: `10M`.
struct Bandwidth: Hashable {
    /// Towards the pod.
    let ingress: Int?
    /// From the pod.
    let egress: Int?

    init(_ pod: Pod) throws(Rejection) {
        ingress = try Self.rate(AnnotationKey.ingressBandwidth, pod)
        egress = try Self.rate(AnnotationKey.egressBandwidth, pod)
    }

    private static func rate(_ key: String, _ pod: Pod) throws(Rejection) -> Int? {
        guard let text = pod.annotations[key] else { return nil }
        let field = FieldPath.member(.member(.root("metadata"), "annotations"), key).description
        guard let rate = Quantity(text)?.value else {
            throw Rejection(
                "BadBandwidth", field: field, "\"\(text)\" is not a quantity of bits per second, such as 10M")
        }
        guard rate >= 1e3 else {
            throw Rejection(
                "BadBandwidth", field: field, "\(text) is unreasonably small: 1k bit/s is the least; 10M is ten megabit"
            )
        }
        guard rate <= 1e15 else {
            throw Rejection("BadBandwidth", field: field, "\(text) is unreasonably large: 1P bit/s is the most")
        }
        return Int(rate)
    }
}

/// A number as Kubernetes writes amounts: `1500`, `1.5k`, `10M`, `2Gi`, `1e6`.
struct Quantity: Hashable {
    let value: Double

    private static let units: [String: Double] = [
        "": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624,
        "Ei": 1_152_921_504_606_846_976,
    ]

    init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let first = number.first, first != ".", let value = Double(number) else { return nil }
        let rest = text.dropFirst(number.count)
        if let unit = Self.units[String(rest)] {
            self.value = value * unit
            return
        }
        guard rest.first == "e" || rest.first == "E", let exponent = Int(rest.dropFirst()), abs(exponent) < 30,
            let scaled = Double("\(number)e\(exponent)")
        else { return nil }
        self.value = scaled
    }
}
