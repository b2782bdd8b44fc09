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
    private(set) var toggles: [(module: String, isOn: Bool)] = []
    private(set) var objects: [any Kind] = []
    /// The settings that are in force from now on.
    private(set) var applied: [SettingValue] = []
    /// The settings that differ and need a restart.
    private(set) var deferred: [SettingValue] = []

    init(from old: NetworkConfiguration, to new: NetworkConfiguration, modules: [String]) {
        for name in modules {
            let isOn = new.modules[name] ?? true
            if isOn != old.modules[name] ?? true { toggles.append((name, isOn)) }
        }
        let before = Dictionary(old.settings.map { ($0.setting, $0.text) }, uniquingKeysWith: { first, _ in first })
        let changed = new.settings.filter { before[$0.setting] != $0.text }
        for settings in new.moduleSettings {
            let own = changed.filter { type(of: settings).settings.contains($0.setting) }
            if !own.isEmpty { objects.append(settings) }
            applied += own
        }
        deferred = changed.filter { !applied.contains($0) }
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
                await apply(
                    Reload(from: inForce, to: new, modules: BuiltinModules.manifests.map(\.name)), scheduler, changes)
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
