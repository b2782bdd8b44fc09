import Testing

@testable import Daemon

@Suite struct EngineTraceTests {
    /// What `ovn-trace` prints of the rules that a packet meets, in the stages of engines with and without tiers.
    @Test func rulesAreFoundInTheStagesOfBothKindsOfEngines() {
        let trace = EngineTrace(
            """
            ingress(dp="n1", inport="shop_web")
            -----------------------------------
             0. ls_in_check_port_sec (northd.c:8587): 1, priority 50, uuid 00000001
                next;
             8. ls_in_acl_eval (northd.c:6800): reg8[30..31] == 1 && (ip4), priority 31000, uuid 00000002
                reg8[16] = 1;
                next;
             9. ls_in_acl_action (northd.c:6850): reg8[16] == 1, priority 1000, uuid 00000003
                next;
            12. ls_in_acl_after_lb (northd.c:6800): ip4, priority 2001, uuid 00000004
                next;

            egress(dp="n1", inport="shop_web", outport="shop_db")
            -----------------------------------------------------
             4. ls_out_acl_eval (northd.c:6800): reg8[30..31] == 2 && (ip4), priority 2001, uuid 00000005
                next;
            """)
        #expect(
            trace.steps == [
                .init(flow: "00000002", stage: "ls_in_acl_eval", port: "shop_web"),
                .init(flow: "00000004", stage: "ls_in_acl_after_lb", port: "shop_web"),
                .init(flow: "00000005", stage: "ls_out_acl_eval", port: "shop_db"),
            ])
    }
}
