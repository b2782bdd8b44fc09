import Core
import Glibc
import Logging
import Model

/// What a configuration that was read again changes while the daemon runs.
///
/// The settings of modules are objects, and modules can be switched at any time. All else is what databases, bridges
/// and addresses were built from: it waits for the next start.
struct Reload {
    /// The modules to switch on or off.
    let toggles: [(module: String, isOn: Bool)]
    let objects: [any Kind]
    /// The settings that are in force from now on.
    let applied: [SettingValue]
    /// The settings that differ from those the daemon was started with, and need a restart.
    let deferred: [SettingValue]

    init(
        _ new: NetworkConfiguration, after old: NetworkConfiguration, started: NetworkConfiguration, modules: [String]
    ) {
        toggles = modules.filter { new.isOn($0) != old.isOn($0) }.map { ($0, new.isOn($0)) }
        let live = Set(new.moduleSettings.flatMap { type(of: $0).settings })
        let changed = new.changes(since: old).filter { live.contains($0.setting) }
        applied = changed
        objects = new.moduleSettings.filter { settings in
            changed.contains { type(of: settings).settings.contains($0.setting) }
        }
        deferred = new.changes(since: started).filter { !live.contains($0.setting) }
    }
}

extension DaemonProcess {
    /// Reads the configuration again on each SIGHUP, until the task is cancelled. A configuration with a mistake in it
    /// changes nothing.
    func reload(_ scheduler: Scheduler, _ changes: AsyncStream<[any Kind]>.Continuation) async {
        var inForce = configuration
        for await _ in Signals.stream(SIGHUP) {
            do {
                let new = try read()
                for warning in new.warnings { log.warning("\(warning.source): \(warning.message)") }
                let modules = BuiltinModules.manifests.map(\.name)
                await apply(
                    Reload(new, after: inForce, started: configuration, modules: modules), scheduler, changes)
                inForce = new
            } catch {
                for problem in error.problems { log.error("\(problem)") }
                log.error("the configuration stays as it was; mend it and send SIGHUP again")
            }
        }
    }

    private func apply(
        _ reload: Reload, _ scheduler: Scheduler, _ changes: AsyncStream<[any Kind]>.Continuation
    ) async {
        if !reload.objects.isEmpty { changes.yield(reload.objects) }
        for value in reload.applied { log.info("\(value.setting)=\(value.text) (\(value.origin)) is in force") }
        for value in reload.deferred {
            log.warning("\(value.setting)=\(value.text) (\(value.origin)) takes effect when the daemon starts again")
        }
        for (module, isOn) in reload.toggles {
            do {
                try await scheduler.toggle(module, on: isOn)
                log.info("module \(module) is \(isOn ? "on" : "off")")
            } catch {
                log.error("module \(module) stays as it was: \(error.message)")
            }
        }
        log.info("the configuration has been read again")
    }
}
