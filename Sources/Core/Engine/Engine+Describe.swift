/// What one module says of an object.
public struct Described: Sendable, Equatable {
    public let module: String
    public let description: Description
    /// What the module did wrong meanwhile: it read what its manifest does not list.
    public let fault: String?
}

/// Words about objects: a module's describers run as its handlers do, but nothing comes of it.
extension Engine {
    /// What the enabled modules say of an object, in their order. Only between turns.
    public func descriptions(of id: ObjectID) -> [Described] {
        let slot = findSlot(id)
        guard slot != 0, let body = bodies[slot] else { return [] }
        let kind = kind(ofSlot: slot).id
        // What a describer names for the first time goes again.
        defer { collect() }
        return modules.flatMap { module in
            module.describers.filter { $0.kind == kind }.map { describe(body, slot, module, $0) }
        }
    }

    private func describe(_ body: Body, _ slot: UInt32, _ module: ModuleInfo, _ describer: Describer) -> Described {
        begin(cell: 0, slot, module)
        var cell = Cell(engine: self)
        let description: Description
        do throws(Rejection) {
            description = try describer.run(body, &cell)
        } catch {
            description = Description("\(error)")
        }
        return Described(module: module.name, description: description, fault: run.fault)
    }
}

/// A describer without its type.
class Describer {
    let kind: UInt32
    init(kind: UInt32) { self.kind = kind }
    func run(_ body: Body, _ cell: inout Cell) throws(Rejection) -> Description { fatalError("abstract") }
}

final class ClosureDescriber<K: Kind>: Describer {
    private let body: @Sendable (K, inout Cell) throws(Rejection) -> Description

    init(kind: UInt32, _ body: @escaping @Sendable (K, inout Cell) throws(Rejection) -> Description) {
        self.body = body
        super.init(kind: kind)
    }

    override func run(_ object: Body, _ cell: inout Cell) throws(Rejection) -> Description {
        try body(object.typed(K.self), &cell)
    }
}
