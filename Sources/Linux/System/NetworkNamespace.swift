import CLinux
import Glibc

/// A network namespace, held open.
///
/// Those with names live in `/run/netns`, where `ip netns` finds them too.
public struct NetworkNamespace: Sendable {
    public static let directory = "/run/netns"

    /// How it was found, for the reader.
    public let path: String
    private let descriptor: Descriptor

    /// Opens the namespace at a path: `/run/netns/NAME` or `/proc/PID/ns/net`.
    public init(path: String) throws(SystemError) {
        self.path = path
        descriptor = try Descriptor(open: path)
    }

    private init(path: String, _ descriptor: Descriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// The namespace of the calling thread.
    public static func current() throws(SystemError) -> NetworkNamespace { try .init(path: "/proc/thread-self/ns/net") }

    public static func named(_ name: String) throws(SystemError) -> NetworkNamespace {
        try .init(path: "\(directory)/\(name)")
    }

    /// A new namespace without a name: gone when nobody holds it open.
    public static func anonymous() throws -> NetworkNamespace {
        try onThread {
            try check("make a network namespace") { clinux_unshare_network() }
            return NetworkNamespace(path: "anonymous", try Descriptor(open: "/proc/thread-self/ns/net"))
        }
    }

    /// Makes a namespace with a name, as `ip netns add` does.
    @discardableResult
    public static func create(_ name: String) throws -> NetworkNamespace {
        let path = "\(directory)/\(name)"
        try Files.makeDirectory(directory)
        do { _ = try Descriptor(open: path, flags: O_RDONLY | O_CREAT | O_EXCL, mode: 0o444) } catch {
            throw SystemError("make network namespace \(name)", code: error.code)
        }
        do {
            try onThread {
                try check("make network namespace \(name)") { clinux_unshare_network() }
                try check("mount \(path)") {
                    mount("/proc/thread-self/ns/net", path, "none", UInt(MS_BIND), nil)
                }
            }
        } catch {
            try? Files.remove(path)
            throw error
        }
        return try NetworkNamespace(path: path)
    }

    /// Removes the name; the namespace lives on while a process or socket is in it. One that is not there is fine.
    public static func delete(_ name: String) throws(SystemError) {
        let path = "\(directory)/\(name)"
        if umount2(path, CInt(MNT_DETACH)) < 0, errno != ENOENT, errno != EINVAL {
            throw SystemError(last: "unmount \(path)")
        }
        try Files.remove(path)
    }

    /// The names in `/run/netns`.
    public static func names() -> [String] { Files.list(directory) ?? [] }

    /// The number of the descriptor, for messages to the kernel that name a namespace; good while `self` is held.
    public var number: CInt { descriptor.number }

    /// Moves the calling thread into the namespace, for good. For threads of one's own only: see `onThread`.
    public func enter() throws(SystemError) {
        try check("enter network namespace \(path)") { clinux_setns_network(descriptor.number) }
    }

    /// Runs the body on a thread of its own inside the namespace.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try onThread {
            try enter()
            return try body()
        }
    }

    /// Whether both are the same namespace.
    public func isSame(as other: NetworkNamespace) -> Bool {
        var a = stat()
        var b = stat()
        return fstat(number, &a) == 0 && fstat(other.number, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev
    }
}
