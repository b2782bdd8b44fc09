import Model

/// Whose addresses are whose, as a daemon knows it.
struct AddressBook {
    private var names: [IPAddress: String] = [:]
    /// The node of the daemon that was asked.
    private(set) var node: String?
    /// Why nobody could be asked.
    private(set) var failure: CommandFailure?

    /// Asks the first of them that answers; nobody's address has a name when none does.
    init(_ targets: [Target]) {
        for target in targets {
            do {
                let answer = try target.get("/names")
                node = answer["node"].text
                for item in answer["items"].list {
                    if let address = IPAddress(item["address"].text) { names[address] = item["name"].text }
                }
                failure = nil
                return
            } catch { failure = failure ?? error as? CommandFailure }
        }
    }

    func knows(_ address: IPAddress) -> Bool { names[address] != nil }

    /// `shop/web`, `node:n1`, `service:shop/web`; the address itself when nobody has it.
    func name(_ address: IPAddress?) -> String { address.map { names[$0] ?? "\($0)" } ?? "-" }

    func addresses(of name: String) -> [IPAddress] { names.filter { $0.value == name }.map(\.key).sorted() }
}
