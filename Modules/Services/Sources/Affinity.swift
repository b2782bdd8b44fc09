import Core
import Model
import Vocabulary

/// Keeps a client at the backend it was given first, until it has been silent for a time.
enum Affinity {
    /// What Kubernetes allows.
    static let longest = 86_400
    /// A flow's timer has 16 bits.
    static let engineLimit = 65_535

    /// In seconds; nil when clients are not kept.
    static func timeout(of service: Service) -> Int? {
        guard service.affinity == .clientIP, (1...longest).contains(service.affinityTimeout) else { return nil }
        return service.affinityTimeout
    }
}
