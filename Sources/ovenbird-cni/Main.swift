import CNI
import Glibc
import Model

/// The CNI plugin: asks the node daemon and prints what it says.
@main
struct Main {
    static func main() {
        let (output, isError) = Plugin(environment: environment(), input: standardInput).run()
        if output != .null { print(output.text()) }
        fflush(nil)
        exit(isError ? 1 : 0)
    }

    private static func environment() -> [String: String] {
        let names = ["CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "OVENBIRD_CNI_SOCKET"]
        var result: [String: String] = [:]
        for name in names {
            if let value = getenv(name) { result[name] = String(cString: value) }
        }
        return result
    }

    private static func standardInput() throws(CNIError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += chunk[..<count]
            } else if errno != EINTR {
                throw CNIError(
                    .inputOutput, "cannot read the network configuration from standard input",
                    details: String(cString: strerror(errno)))
            }
            if bytes.count > 8 << 20 {
                throw CNIError(
                    .undecodable, "the network configuration on standard input is not JSON",
                    details: "it is longer than 8 MiB")
            }
        }
    }
}
