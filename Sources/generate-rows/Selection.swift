/// A table of a database for which a row type is generated, and what cannot be read from the schema.
struct Selection {
    enum Identity {
        case tag
        case singleton
        case columns([String])
    }

    let table: String
    /// The Swift name, where the table's own would collide with another.
    var name: String?
    var identity = Identity.tag
    var borrowed = false
    /// The only columns taken; nil takes all.
    var only: [String]?
    /// Columns that the engine writes, or that nobody here uses.
    var without: [String] = []
    /// Columns in which somebody else writes too.
    var shared: [String] = []
    /// What newer engines have and the installed schema may lack: columns, and choices of columns that are there. A
    /// plane leaves out a column that its server lacks.
    var newer: [String: ColumnType] = [:]
    /// Names of the enumerations whose column's own name cannot be one.
    var enumerations: [String: String] = [:]

    var swiftName: String {
        name ?? table.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

/// A database: its schema file, the plane that realises it, and the tables taken from it.
struct Source {
    let plane: String
    let schema: String
    /// The folder of the row types.
    let folder: String
    let tables: [Selection]

    static let all = [northbound, southbound, vswitch]

    static let northbound = Source(
        plane: "northbound", schema: "/usr/share/ovn/ovn-nb.ovsschema", folder: "Northbound",
        tables: [
            Selection(
                table: "NB_Global", name: "NBGlobal", identity: .singleton, borrowed: true,
                only: ["external_ids", "ipsec", "name", "options"], shared: ["external_ids", "options"]),
            Selection(
                table: "Logical_Switch", identity: .columns(["name"]), without: ["forwarding_groups"]),
            Selection(
                table: "Logical_Switch_Port", identity: .columns(["name"]),
                without: ["dynamic_addresses", "ha_chassis_group", "mirror_rules", "tag", "up"]),
            Selection(table: "Logical_Router", identity: .columns(["name"])),
            Selection(
                table: "Logical_Router_Port", identity: .columns(["name"]),
                without: ["ha_chassis_group", "ipv6_prefix"]),
            Selection(table: "Logical_Router_Policy"),
            Selection(
                table: "Logical_Router_Static_Route", without: ["bfd"], enumerations: ["policy": "Policy"]),
            Selection(table: "NAT", enumerations: ["type": "Translation"]),
            Selection(table: "Static_MAC_Binding", identity: .columns(["logical_port", "ip"])),
            Selection(table: "Gateway_Chassis", identity: .columns(["name"])),
            Selection(table: "Copp", identity: .columns(["name"])),
            Selection(table: "Meter", identity: .columns(["name"])),
            Selection(table: "Meter_Band"),
            Selection(
                table: "Load_Balancer", without: ["health_check"], enumerations: ["protocol": "Transport"]),
            Selection(table: "Load_Balancer_Group", identity: .columns(["name"])),
            // OVN 23.06.
            Selection(
                table: "ACL",
                newer: [
                    "action": ColumnType(Base(type: "string", choices: ["pass"])),
                    "tier": ColumnType(Base(type: "integer")),
                ]),
            Selection(table: "QoS"),
            Selection(table: "Port_Group", identity: .columns(["name"])),
            Selection(table: "Address_Set", identity: .columns(["name"])),
            Selection(table: "DHCP_Options"),
            Selection(table: "DNS"),
        ])

    static let southbound = Source(
        plane: "southbound", schema: "/usr/share/ovn/ovn-sb.ovsschema", folder: "Southbound",
        tables: [
            Selection(
                table: "Chassis", identity: .columns(["name"]),
                without: ["nb_cfg", "transport_zones", "vtep_logical_switches"]),
            Selection(table: "Encap", identity: .columns(["type", "ip"]), enumerations: ["type": "Tunnel"]),
            Selection(
                table: "Port_Binding", identity: .columns(["logical_port"]), borrowed: true,
                only: ["chassis", "logical_port"]),
        ])

    static let vswitch = Source(
        plane: "vswitch", schema: "/usr/share/openvswitch/vswitch.ovsschema", folder: "VSwitch",
        tables: [
            Selection(
                table: "Open_vSwitch", name: "OpenVSwitch", identity: .singleton, borrowed: true,
                only: ["bridges", "datapaths", "external_ids", "other_config"],
                shared: ["bridges", "datapaths", "external_ids", "other_config"]),
            Selection(
                table: "Datapath", name: "SwitchDatapath", only: ["capabilities", "ct_zones", "external_ids"],
                shared: ["capabilities", "external_ids"]),
            Selection(table: "CT_Zone", name: "ConntrackZone"),
            Selection(table: "CT_Timeout_Policy", name: "ConntrackTimeouts"),
            Selection(
                table: "Bridge", identity: .columns(["name"]),
                only: [
                    "datapath_type", "external_ids", "fail_mode", "mcast_snooping_enable", "mirrors", "name",
                    "other_config", "ports", "protocols", "rstp_enable", "stp_enable",
                ],
                shared: [
                    "datapath_type", "external_ids", "fail_mode", "mirrors", "other_config", "ports", "protocols",
                ],
                enumerations: ["protocols": "OpenFlowVersion"]),
            Selection(
                table: "Port", identity: .columns(["name"]),
                only: ["external_ids", "interfaces", "name", "other_config", "qos", "tag", "trunks", "vlan_mode"],
                shared: ["qos"]),
            Selection(
                table: "Interface", identity: .columns(["name"]),
                only: [
                    "external_ids", "ingress_policing_burst", "ingress_policing_rate", "mac", "mtu_request", "name",
                    "ofport_request", "options", "other_config", "type",
                ],
                shared: ["external_ids"]),
            Selection(table: "QoS", name: "VSwitchQoS"),
            Selection(table: "Queue", name: "VSwitchQueue"),
            Selection(table: "Mirror", name: "VSwitchMirror", without: ["statistics"]),
        ])
}
