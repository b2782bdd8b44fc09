import Glibc
import Linux
import Model
import Synchronization

/// One thing to try.
struct Probe: Hashable, Sendable, CustomStringConvertible {
    /// `x/a`.
    let from: String
    let to: String
    let transport: TransportProtocol
    let port: Int
    let family: Family

    var description: String { "\(from) > \(to) \(transport.rawValue) \(port) \(family)" }
}

/// Tries who reaches whom, with a real packet for each, all at once.
///
/// Sockets are made in the pods' namespaces; no process is started for a probe, so that hundreds of them take as long
/// as the slowest.
final class Prober: Sendable {
    struct Place: Sendable {
        let namespace: NetworkNamespace
        let addresses: [Family: IPAddress]
    }

    let places: [String: Place]
    private let isStopped = Atomic(false)

    /// Serves these ports in all places until it is stopped.
    init(_ places: [String: Place], serving ports: [Int]) throws {
        self.places = places
        for place in places.values {
            try serve(place, ports)
        }
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func serve(_ place: Place, _ ports: [Int]) throws {
        let isReady = Mutex<Result<Void, any Error>?>(nil)
        let box = Box(isReady)
        Task.detached { [self] in
            try? await onThread {
                do {
                    try place.namespace.enter()
                    var listeners = Listeners()
                    for port in ports {
                        for transport in [TransportProtocol.tcp, .udp] { try listeners.add(transport, port) }
                    }
                    try listeners.addAssociations(place.addresses.keys, ports)
                    box.value.withLock { $0 = .success(()) }
                    while !self.isStopped.load(ordering: .relaxed) { listeners.serve(within: 200) }
                } catch { box.value.withLock { $0 = .failure(error) } }
            }
        }
        while true {
            if let result = box.value.withLock({ $0 }) { return try result.get() }
            usleep(1000)
        }
    }

    private final class Box: Sendable {
        let value: Mutex<Result<Void, any Error>?>
        init(_ value: consuming Mutex<Result<Void, any Error>?>) { self.value = value }
    }

    /// The probes that got through.
    func run(_ probes: [Probe], within milliseconds: Int) async throws -> Set<Probe> {
        let bySource = Dictionary(grouping: probes, by: \.from)
        return try await withThrowingTaskGroup(of: Set<Probe>.self) { group in
            for (from, list) in bySource {
                guard let place = places[from] else { continue }
                group.addTask {
                    try await onThread {
                        try place.namespace.enter()
                        return try self.run(list, until: milliseconds)
                    }
                }
            }
            var all: Set<Probe> = []
            for try await part in group { all.formUnion(part) }
            return all
        }
    }

    /// Whether a TCP connection comes about, to any address.
    func connects(_ from: String, to address: IPAddress, port: Int, within milliseconds: Int = 1000) async throws
        -> Bool
    {
        guard let place = places[from] else { return false }
        return try await onThread {
            try place.namespace.enter()
            let socket = try Socket.probe(.tcp, to: address, port: port)
            var entry = pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)
            return poll(&entry, 1, CInt(milliseconds)) > 0 && socket.isAnswered(.tcp)
        }
    }

    /// Sends a datagram every five milliseconds to each address, until the body is done.
    func sending<T>(
        _ from: String, to addresses: [IPAddress], port: Int, _ body: () async throws -> T
    ) async throws -> T {
        guard let place = places[from] else { return try await body() }
        let isDone = Flag()
        async let sender: Void = onThread {
            try place.namespace.enter()
            while !isDone.value.load(ordering: .relaxed) {
                for address in addresses { _ = try Socket.probe(.udp, to: address, port: port) }
                usleep(5000)
            }
        }
        let result = try await body()
        isDone.value.store(true, ordering: .relaxed)
        try await sender
        return result
    }

    private final class Flag: Sendable { let value = Atomic(false) }

    private func run(_ probes: [Probe], until milliseconds: Int) throws -> Set<Probe> {
        var open = Probes()
        for probe in probes {
            guard let address = places[probe.to]?.addresses[probe.family] else { continue }
            try open.add(probe, address)
        }
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        var passed: Set<Probe> = []
        while open.count > passed.count, ContinuousClock.now < end {
            open.collect(&passed, within: 20)
        }
        return passed
    }
}

/// Listening sockets of one place.
private struct Listeners: ~Copyable {
    private var transports: [TransportProtocol] = []
    private var keep: [Held] = []
    private var ports: [Int] = []

    final class Held {
        let socket: Socket
        init(_ socket: consuming Socket) { self.socket = socket }
    }

    mutating func add(_ transport: TransportProtocol, _ port: Int) throws {
        keep.append(Held(try Socket.listener(transport, port: port)))
        transports.append(transport)
    }

    mutating func addAssociations(_ families: some Sequence<Family>, _ ports: [Int]) throws {
        self.ports = ports
        for family in families {
            keep.append(Held(try Socket.associations(family)))
            transports.append(.sctp)
        }
    }

    func serve(within milliseconds: CInt) {
        var list = keep.map { pollfd(fd: $0.socket.number, events: Int16(POLLIN), revents: 0) }
        guard poll(&list, nfds_t(list.count), milliseconds) > 0 else { return }
        for (index, entry) in list.enumerated() where entry.revents != 0 {
            if transports[index] == .sctp {
                keep[index].socket.serveAssociations(ports)
            } else {
                keep[index].socket.serve(transports[index])
            }
        }
    }
}

/// Probes on their way.
private struct Probes: ~Copyable {
    private var probes: [Probe] = []
    private var sockets: [Listeners.Held] = []
    var count: Int { probes.count }

    mutating func add(_ probe: Probe, _ address: IPAddress) throws {
        sockets.append(Listeners.Held(try Socket.probe(probe.transport, to: address, port: probe.port)))
        probes.append(probe)
    }

    func collect(_ passed: inout Set<Probe>, within milliseconds: CInt) {
        var waiting: [Int] = []
        for index in probes.indices where !passed.contains(probes[index]) { waiting.append(index) }
        var list = waiting.map { index in
            pollfd(
                fd: sockets[index].socket.number,
                events: Int16(probes[index].transport == .tcp ? POLLOUT : POLLIN), revents: 0)
        }
        guard poll(&list, nfds_t(list.count), milliseconds) > 0 else { return }
        for (place, entry) in list.enumerated() where entry.revents != 0 {
            let index = waiting[place]
            if sockets[index].socket.isAnswered(probes[index].transport) { passed.insert(probes[index]) }
        }
    }
}
