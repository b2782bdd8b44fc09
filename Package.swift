// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.swiftLanguageMode(.v6)]

/// `PACKAGE_TARGETS=Core,ModuleHarness,CoreTests` trims the package to these targets (name all that they need), so
/// that `swift test` does not build the rest.
let wanted = Context.environment["PACKAGE_TARGETS"]?.split(separator: ",")
    .map(String.init)

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let posix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let http = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let handshake = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let tls = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// One feature: `Modules/NAME/{README.md, Sources, Tests, Cases}`.
func module(_ name: String, tested more: [Target.Dependency] = []) -> [Target] {
    [
        .target(
            name: name, dependencies: ["Core", "Model", "Vocabulary"], path: "Modules/\(name)/Sources",
            swiftSettings: swift),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.init(stringLiteral: name), "ModuleHarness", "Core", "Model", "Vocabulary", "Feeds"] + more,
            path: "Modules/\(name)/Tests", swiftSettings: swift),
    ]
}

/// One part of the program: `Sources/NAME`, with its tests in `Tests/NAMETests` when it has any.
func part(_ name: String, _ dependencies: [Target.Dependency] = [], tested with: [Target.Dependency]? = nil) -> [Target]
{
    let target = Target.target(name: name, dependencies: dependencies, swiftSettings: swift)
    guard let with else { return [target] }
    return [
        target,
        .testTarget(
            name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies + with, swiftSettings: swift
        ),
    ]
}

let modules = ["PodNetwork", "Gateway", "Services", "NameService", "LiveMigration", "NetworkPolicy", "Multicast"]

var targets: [Target] = [.target(name: "CLinux")]
targets += part("Core", tested: ["ModuleHarness"])
targets += part("Model", ["Core"], tested: [])
targets += part("Vocabulary", ["Core", "Model"])
targets += part("ModuleHarness", ["Core", "Model"])
targets += part("OVSDB", [nio, posix, log], tested: ["OVSDBTestKit"])
targets += part("OVSDBTestKit", ["OVSDB"])
/// Apart from OVSDB, as BoringSSL takes minutes to build.
targets += part("OVSDBTLS", ["OVSDB", nio, handshake, tls], tested: ["OVSDBTestKit", log])
targets += part("Linux", ["CLinux", "Core", "Model"], tested: ["LinuxTestKit"])
targets += part("LinuxTestKit", ["Linux"])
targets += part("LocalHTTP")
targets += part("CNI", ["Core", "Model"], tested: ["LocalHTTP", "Linux", "Feeds", "ovenbird-cni"])
targets += [
    .executableTarget(name: "ovenbird-cni", dependencies: ["CNI", "LocalHTTP", "Model"], swiftSettings: swift)
]
targets += part("Control", ["LocalHTTP", nio, posix, http])
targets += part(
    "Feeds", ["CNI", "Control", "Core", "Model", "OVSDB", "Linux", nio, posix, log, yams],
    tested: ["OVSDBTestKit", "LinuxTestKit"])
targets += part("Supervision", ["CLinux", "Linux"], tested: [])
targets += part(
    "Lab", ["CNI", "Control", "Core", "Feeds", "Linux", "LocalHTTP", "Model", "Supervision", nio, posix],
    tested: ["ovenbird-cni"])
targets += part(
    "Planes", ["Core", "Model", "OVSDB", "Linux", nio, posix, http, log], tested: ["OVSDBTestKit", "LinuxTestKit"])
targets += part(
    "Daemon",
    [
        "CNI", "Control", "Core", "Feeds", "Linux", "Model", "OVSDB", "OVSDBTLS", "Planes", "Supervision",
        "Vocabulary", log,
    ]
        + modules.map { .init(stringLiteral: $0) }, tested: ["OVSDBTestKit"])
targets += [
    .executableTarget(
        name: "ovenbird",
        dependencies: ["Core", "Daemon", "Lab", "Linux", "LocalHTTP", "Model", "Supervision", arguments],
        swiftSettings: swift)
]
targets.append(
    .testTarget(
        name: "RobustnessTests",
        dependencies: [
            "Core", "Lab", "Linux", "LocalHTTP", "Model", "Supervision", "ovenbird", "ovenbird-cni",
        ], swiftSettings: swift))
targets += modules.flatMap { module($0, tested: $0 == "NetworkPolicy" ? ["OVSDBTestKit"] : []) }
/// Whole labs, with packets.
targets += [("PacketTests", []), ("PolicyTests", ["PolicyBenchmark"])].map { name, more in
    .testTarget(
        name: name,
        dependencies: ["CNI", "Core", "Lab", "Linux", "LocalHTTP", "Model", "Supervision", "ovenbird", "ovenbird-cni"]
            + more, swiftSettings: swift)
}
targets.append(.executableTarget(name: "generate-rows", swiftSettings: swift))
targets.append(
    .executableTarget(
        name: "PodBenchmark", dependencies: ["Lab", "Linux", "LocalHTTP", "Model"], swiftSettings: swift))
targets.append(.executableTarget(name: "CoreBenchmark", dependencies: ["Core"], swiftSettings: swift))
targets.append(
    .executableTarget(
        name: "PolicyBenchmark",
        dependencies: [
            "Core", "Feeds", "Lab", "Linux", "LocalHTTP", "Model", "NetworkPolicy", "OVSDB", "OVSDBTestKit", "Planes",
            "PodNetwork",
        ], swiftSettings: swift))

let chosen = targets.filter { wanted?.contains($0.name) ?? true || $0.name == "CLinux" }

let package = Package(
    name: "ovenbird",
    products: modules.filter { name in chosen.contains { $0.name == name } }
        .map { .library(name: $0, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: chosen
)
