/// What the engine knows about a module.
final class ModuleInfo {
    let name: String
    /// Its place in the order that decides conflicts.
    let index: Int
    var manifest: Manifest?
    var isEnabled = false
    var roots: [UInt32] = []
    var describers: [Describer] = []
    var reads: Set<UInt32> = []
    var publishes: Set<UInt32> = []
    /// By kind: whether handlers may read it.
    var mayRead: [Bool] = []
    /// By table: the columns it may write, and whether it may make rows.
    private var claims: [Claim] = []

    struct Claim {
        var rows = false
        var columns: UInt64 = 0
    }

    func mayMake(_ table: UInt32) -> Bool { Int(table) < claims.count && claims[Int(table)].rows }

    func mayWrite(_ table: UInt32, _ column: Int) -> Bool {
        guard Int(table) < claims.count else { return false }
        let claim = claims[Int(table)]
        return claim.rows || claim.columns & (1 << UInt64(column)) != 0
    }

    func setClaims(_ claims: [UInt32: Claim]) {
        self.claims = []
        for (table, claim) in claims {
            while self.claims.count <= Int(table) { self.claims.append(Claim()) }
            self.claims[Int(table)] = claim
        }
    }

    init(name: String, index: Int) {
        self.name = name
        self.index = index
    }
}

/// Modules are switched on and off.
extension Engine {
    /// Switches a module on: registers its handlers; the next turn runs them.
    public func enable(_ module: some NodeModule) throws(Rejection) {
        let info = try admit(type(of: module).manifest)
        var scope = NodeScope(registration: Registration(engine: self, module: info))
        module.register(on: &scope)
    }

    public func enable(_ module: some ClusterModule) throws(Rejection) {
        let info = try admit(type(of: module).manifest)
        var scope = ClusterScope(registration: Registration(engine: self, module: info))
        module.register(on: &scope)
    }

    /// Switches a module off: what its cells contributed goes in the next turn, and nothing else.
    public func disable(module name: String) {
        guard let info = modules.first(where: { $0.name == name && $0.isEnabled }) else { return }
        info.isEnabled = false
        retire(info)
        for kind in info.publishes { kinds[Int(kind)].publishers.removeAll { $0 == info.index } }
        info.manifest = nil
        setStrata()
    }

    /// The names of the modules that are on, in their order.
    public var enabledModules: [String] { modules.filter(\.isEnabled).map(\.name) }

    /// The manifests of the modules that are on, in their order.
    public var manifests: [Manifest] { modules.filter(\.isEnabled).compactMap(\.manifest) }

    /// What enabled modules read and nothing brings: no feed, and no enabled module that publishes it.
    public func missing() -> [Rejection] {
        modules.filter(\.isEnabled).flatMap { module in
            module.reads.sorted().filter { kinds[Int($0)].feeds.isEmpty && kinds[Int($0)].publishers.isEmpty }.map {
                Rejection(
                    "NothingBrings", field: module.name,
                    "\(module.name) reads \(kinds[Int($0)].name), which no feed brings and no enabled module publishes")
            }
        }
    }

    private func retire(_ info: ModuleInfo) {
        retiring.append(contentsOf: info.roots)
        info.roots = []
        info.describers = []
    }

    private func admit(_ manifest: Manifest) throws(Rejection) -> ModuleInfo {
        let name = manifest.name
        let letters = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard !name.isEmpty, letters else {
            throw Rejection(
                "BadManifest", field: name, "module name \"\(name)\" is not lower case letters, digits, dashes")
        }
        let info: ModuleInfo
        if let known = modules.first(where: { $0.name == name }) {
            info = known
        } else {
            info = ModuleInfo(name: name, index: modules.count)
            modules.append(info)
        }
        guard !info.isEnabled else { throw Rejection("Duplicate", field: name, "two modules are named \(name)") }
        let claims = try claims(of: manifest)
        try checkScalars(manifest)
        info.setClaims(claims)
        info.manifest = manifest
        info.isEnabled = true
        info.reads = Set(manifest.reads.map { kindInfo(existential: $0).id })
        info.publishes = Set(manifest.publishes.map { kindInfo(existential: $0).id })
        info.mayRead = kinds.map { info.reads.contains($0.id) || info.publishes.contains($0.id) }
        for kind in info.publishes {
            kinds[Int(kind)].publishers.append(info.index)
            kinds[Int(kind)].isComplete = false
        }
        setStrata()
        return info
    }

    private func claims(of manifest: Manifest) throws(Rejection) -> [UInt32: ModuleInfo.Claim] {
        var claims: [UInt32: ModuleInfo.Claim] = [:]
        for claim in manifest.writes {
            switch claim {
            case .rows(let table): claims[tableInfo(table).id, default: .init()].rows = true
            case .columns(let table, let names):
                let info = tableInfo(table)
                for name in names {
                    guard let column = info.columns.firstIndex(where: { $0.name == name }) else {
                        throw Rejection(
                            "BadManifest", field: manifest.name,
                            "\(manifest.name) claims column \(name) of \(table), which has no such column")
                    }
                    claims[info.id, default: .init()].columns |= 1 << UInt64(column)
                }
            }
        }
        return claims
    }

    /// A scalar column of somebody else's rows has one claimant.
    private func checkScalars(_ manifest: Manifest) throws(Rejection) {
        for case .columns(let table, let names) in manifest.writes {
            let scalars = table.columns.filter { $0.shape == .scalar && names.contains($0.name) }.map(\.name)
            for other in modules where other.isEnabled {
                for case .columns(table, let claimed) in other.manifest?.writes ?? [] {
                    guard let both = scalars.first(where: { claimed.contains($0) }) else { continue }
                    throw Rejection(
                        "TwoClaimants", field: manifest.name,
                        "\(other.name) and \(manifest.name) both claim column \(both) of \(table)")
                }
            }
        }
    }

    /// A derived kind comes after what its publishers read.
    private func setStrata() {
        for kind in kinds { kind.stratum = 0 }
        for _ in 0..<8 {
            for module in modules where module.isEnabled {
                let inputs = module.reads.subtracting(module.publishes)
                let highest = inputs.map { kinds[Int($0)].stratum }.max() ?? 0
                for kind in module.publishes {
                    kinds[Int(kind)].stratum = max(kinds[Int(kind)].stratum, min(7, highest + 1))
                }
            }
        }
    }
}

/// Where `register` puts handlers.
struct Registration {
    let engine: Engine
    let module: ModuleInfo

    func each<K: Kind>(_ handler: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Void) {
        let kind = engine.kindInfo(K.self)
        module.roots.append(engine.subscribe(ClosureHandler(handler), module: module.index, kind: kind.id))
        if !module.reads.contains(kind.id) && !module.publishes.contains(kind.id) {
            engine.registrationFaults[module.index, default: []].append(
                "handles \(kind.name), which its manifest does not read")
        }
    }

    func describe<K: Kind>(_ handler: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Description) {
        module.describers.append(ClosureDescriber(kind: engine.kindInfo(K.self).id, handler))
    }
}
