extension SettingsReader {
    /// Reads and checks what is this node's own.
    mutating func localNode(families: [Family], _ input: ConfigurationInput) -> LocalNode {
        let name = optionalText(.nodeName) ?? input.hostName
        if name.isEmpty { fail(.nodeName, "MissingValue", "node-name is empty and the host has no name") }
        let datapath = choice(.datapath, or: Datapath.system)
        let gateway = gateway(families: families, datapath: datapath, input)
        let encapsulation = addresses(.encapIP)
        if Set(encapsulation).count < encapsulation.count {
            fail(.encapIP, "Duplicate", "encap-ip names an address twice")
        }
        return LocalNode(
            nodeName: name, gateway: gateway, datapath: datapath, encapsulationAddresses: encapsulation,
            isSingleNode: boolean(.singleNode),
            // Four more zones follow the first.
            conntrackZone: integer(.conntrackZone, in: 1...65531),
            controller: LocalNode.Controller(
                inactivityProbe: integer(.inactivityProbe, in: 0...86_400_000),
                openflowProbe: integer(.openflowProbe, in: 0...86_400),
                monitorAll: boolean(.monitorAll), logicalFlowCache: boolean(.flowCache)))
    }

    private mutating func gateway(
        families: [Family], datapath: Datapath, _ input: ConfigurationInput
    ) -> LocalNode.Gateway {
        let mode = choice(.gatewayMode, or: GatewayMode.disabled)
        let interface = interfaceName(.gatewayInterface)
        let nextHops = addresses(.nextHop)
        for family in Family.allCases {
            let count = nextHops.count { $0.family == family }
            if count > 1 { fail(.nextHop, "TooMany", "next-hop has \(count) \(family) addresses; one per family") }
            if count > 0, !families.isEmpty, !families.contains(family) {
                fail(.nextHop, "FamilyMismatch", "next-hop has \(family), which the cluster does not use")
            }
        }
        if mode == .disabled, interface != nil || !nextHops.isEmpty {
            let setting: Setting = interface != nil ? .gatewayInterface : .nextHop
            fail(setting, "NoGateway", "\(setting.key) is set but gateway.mode is empty; set mode=shared or local")
        }
        let allowNoUplink = boolean(.allowNoUplink)
        if allowNoUplink, mode != .local {
            fail(.allowNoUplink, "BadValue", "allow-no-uplink works only with gateway.mode=local")
        }
        let vlan = integer(.vlan, in: 0...4095)
        if vlan != 0 {
            fail(.vlan, "Unsupported", "vlan-id=\(vlan): the gateway's bridge knows no VLANs yet; leave it 0")
        }
        for setting in Setting.base where origin(setting) != .standard {
            guard let reason = Setting.withoutEffect[setting] else { continue }
            warn(setting, "NoEffect", "\(setting.key) has no effect yet: \(reason)")
        }
        return LocalNode.Gateway(
            mode: mode, interface: interface, nextHops: nextHops, vlan: vlan == 0 ? nil : vlan,
            nodePort: boolean(.nodePort), ephemeralPorts: ephemeralPorts(datapath, input.kernelPorts),
            disablePacketMTUCheck: boolean(.disableMTUCheck), disableForwarding: boolean(.disableForwarding),
            disableSNATMultipleGateways: boolean(.disableSNAT), allowNoUplink: allowNoUplink,
            egressInterface: interfaceName(.egressInterface))
    }

    private mutating func interfaceName(_ setting: Setting) -> String? {
        guard let name = optionalText(setting) else { return nil }
        if name.utf8.count > 15 || name.contains("/") || name.contains(" ") {
            fail(setting, "BadValue", "\(setting.key)=\(name) is not the name of an interface (15 characters at most)")
        }
        return name
    }

    /// In userspace the datapath and the kernel each track connections for themselves: a port that both give out
    /// makes one of the two connections vanish.
    private mutating func ephemeralPorts(_ datapath: Datapath, _ kernel: ClosedRange<Int>?) -> ClosedRange<Int> {
        let text = text(.ephemeralPorts)
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            .map { Int($0).flatMap { (1...65535).contains($0) ? $0 : nil } }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first < last else {
            fail(
                .ephemeralPorts, "BadValue",
                "ephemeral-port-range=\(text) is not two ports, the lower one first: 61000-65535")
            return 61000...65535
        }
        if datapath == .netdev, let kernel, kernel.overlaps(first...last) {
            fail(
                .ephemeralPorts, "Overlap",
                "ephemeral-port-range \(text) overlaps the kernel's own \(kernel.lowerBound)-\(kernel.upperBound) "
                    + "(net.ipv4.ip_local_port_range); choose another or narrow the kernel's")
        }
        return first...last
    }
}
