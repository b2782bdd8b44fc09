import Core
import Model
import Vocabulary

/// The flows that keep clients of one address and port at their backends, at one place.
///
/// The choice and its memory are made in one go, in tables of our own that the stage before the balancer visits: of
/// two first packets that come together, the second finds what the first has chosen.
///
/// Registers are those that the engine itself (23.03) has for the purpose: bit 14 of `reg10` for "known"; `reg4`, or
/// for IPv6 `xxreg1`, and `reg8` for the backend.
struct AffinityFlows {
    /// A logical switch or router.
    struct Place {
        let metadata: Int
        let check: Int
        let balance: Int
    }

    private let target: Affinity.Target
    private let place: Place
    private let learned: LearnedFlows
    private let transport: String
    private let word: String
    private let protocolNumber: Int

    init(_ target: Affinity.Target, _ place: Place, _ learned: LearnedFlows) {
        self.target = target
        self.place = place
        self.learned = learned
        word = target.transport.rawValue.lowercased()
        transport = BridgeFlows.Words(target.address.family, target.transport).transport
        protocolNumber =
            switch target.transport {
            case .tcp: 6
            case .udp: 17
            case .sctp: 132
            }
    }

    private var isV4: Bool { target.address.family == .v4 }
    private var isSwitch: Bool { target.side == .nodeSwitch }
    private var destination: String { isV4 ? "nw_dst" : "ipv6_dst" }
    private var field: String { isV4 ? "ip_dst" : "ipv6_dst" }
    private var known: String { "reg10=0x4000/0x4000" }
    private var forget: String { "set_field:0/0x4000->reg10" }
    private var base: String { "metadata=\(place.metadata)" }
    /// The service's address.
    private var hex: String { "0x" + String(target.address.number, radix: 16) }

    var all: [Flow] {
        [look, touch, touchUnanswered, choose, balance] + target.backends.map(keep)
            + target.backends.enumerated().map { take($0.element, slot: $0.offset) }
    }

    private func flow(_ table: Int, _ priority: Int, _ match: [String], _ actions: [String]) -> Flow {
        Flow(
            bridge: learned.bridge, table: table, priority: priority, match: ([base] + match).joined(separator: ","),
            actions: actions.joined(separator: ","), cookie: learned.cookie)
    }

    /// The packet's own destination is the service.
    private var toService: [String] {
        ["ct_state=+new+trk", transport, "\(destination)=\(target.address)", "tp_dst=\(target.number)"]
    }

    private var look: Flow {
        flow(
            place.check, 101, toService,
            [
                forget, "resubmit(,\(learned.flowTable))", "resubmit(,\(Affinity.choiceTable))",
                "resubmit(,\(place.balance))",
            ])
    }

    /// An unknown client gets a number by a hash that its port has a part in.
    private var choose: Flow {
        flow(
            Affinity.choiceTable, 100, toService + ["reg10=0/0x4000"],
            [
                "multipath(symmetric_l3l4+udp,0,modulo_n,\(target.backends.count),0,NXM_NX_REG8[0..15])",
                "resubmit(,\(Affinity.slotTable))",
            ])
    }

    /// The number is a backend, which is remembered.
    private func take(_ backend: Backend, slot: Int) -> Flow {
        let address = "0x" + String(backend.address.number, radix: 16)
        let register = isV4 ? "reg4" : "xxreg1"
        let field = isV4 ? "NXM_NX_REG4[]" : "NXM_NX_XXREG1[]"
        let learn = [
            "table=\(learned.flowTable)", learned.parameters, "OXM_OF_METADATA[]",
            isV4 ? "eth_type=0x800" : "eth_type=0x86dd", isV4 ? "NXM_OF_IP_SRC[]" : "NXM_NX_IPV6_SRC[]",
            "\(self.field)=\(target.address)", "nw_proto=\(protocolNumber)", "\(word)_dst=\(target.number)",
            "load:0x1->NXM_NX_REG10[14]", "load:\(field)->\(field)", "load:NXM_NX_REG8[0..15]->NXM_NX_REG8[0..15]",
        ].joined(separator: ",")
        return flow(
            Affinity.slotTable, 100, toService + ["reg8=\(slot)/0xffff"],
            [
                "set_field:\(address)->\(register)", "set_field:\(backend.port)/0xffff->reg8",
                "set_field:0x4000/0x4000->reg10", "learn(\(learn))",
            ])
    }

    /// The connection was made to the service: the packet as it was looks for the client, which counts as a packet of
    /// the learned flow. The packet itself goes on as it is.
    private func touch(_ state: String, _ priority: Int) -> Flow {
        let service = isV4 ? "ct_nw_dst" : "ct_ipv6_dst"
        return flow(
            place.check, priority,
            [
                "ct_state=\(state)", transport, "ct_nw_proto=\(protocolNumber)", "\(service)=\(target.address)",
                "ct_tp_dst=\(target.number)",
            ],
            [
                "clone(set_field:\(target.address)->\(field),set_field:\(target.number)->\(word)_dst,"
                    + "resubmit(,\(learned.flowTable)))", "resubmit(,\(place.balance))",
            ])
    }

    private var touch: Flow { touch("+est+trk-rpl", 101) }

    /// A connection that nobody has answered yet is new with each packet, but translated already.
    private var touchUnanswered: Flow { touch("+new+trk-rpl", 99) }

    /// What the engine does for a service with this one backend.
    private func keep(at backend: Backend) -> Flow {
        let number = String(backend.address.number, radix: 16)
        let match = [known, "\(isV4 ? "reg4" : "xxreg1")=0x\(number)", "reg8=\(backend.port)/0xffff"]
        var before = [forget]
        var marks = ["set_field:0x2/0x2->ct_mark"]
        if isSwitch {
            before.append("set_field:0/0x2->reg0")
            if !isV4 { before.append("set_field:\(hex)->xxreg1") }
        } else if target.keepsSource {
            before.append("set_field:0x200/0x200->reg10")
            marks.append("set_field:0x4/0x4->ct_mark")
        } else {
            before.append("set_field:0x8/0x8->reg10")
            marks.append("set_field:0x8/0x8->ct_mark")
        }
        let zone = isSwitch ? "NXM_NX_REG13[0..15]" : "NXM_NX_REG11[0..15]"
        let commit =
            "ct(commit,table=\(place.balance + 1),zone=\(zone),nat(dst=\(backend)),exec(\(marks.joined(separator: ","))))"
        return flow(place.balance, 151, toService + match, before + [commit])
    }

    /// The backend is gone: as if the client were not known.
    private var balance: Flow {
        flow(
            place.balance, 150, toService + [known],
            [forget, "resubmit(,\(Affinity.choiceTable))", "resubmit(,\(place.balance))"])
    }
}
