import Control
import Core
import Model
import Planes
import Vocabulary

/// What the control socket answers. Reading never changes anything; switching a module is the one thing that does.
struct ControlAPI: Sendable {
    let role: String
    let name: String
    let scheduler: Scheduler
    let times: StartTimes
    let planes: [any Plane]
    /// What a packet is asked of; nil where there are no packets.
    let packets: PacketQuestion?
    /// The states of the processes that the daemon keeps running, if it does.
    let engineStates: @Sendable () async -> [JSON]

    func answer(_ request: LocalServer.Request) async -> LocalServer.Answer {
        switch (request.method, request.path) {
        case ("GET", "/status"): await ok(status())
        case ("GET", "/modules"): await ok(modules())
        case ("GET", "/start-times"): ok(times.json)
        case ("POST", "/audit"): await ok(audit())
        case ("GET", "/rows"): await ok(rows(request.query))
        case ("GET", "/row"): await row(request.query["id"] ?? "")
        case ("GET", "/objects"): await ok(objects(request.query))
        case ("GET", "/object"): await object(request.query["id"] ?? "")
        case ("GET", "/trace"): await trace(request.query)
        case ("GET", "/names"): await ok(scheduler.ask { [name] engine, _ in Report.names(of: name, engine) })
        case ("POST", let path) where path.hasPrefix("/modules/"): await toggle(path, request.query)
        default: LocalServer.Answer(404, JSON.object(JSONObject(["message": "there is no \(request.path)"])).text())
        }
    }

    private func trace(_ query: [String: String]) async -> LocalServer.Answer {
        do {
            return ok(try await packets?.answer(query) ?? .null)
        } catch let refused as PacketQuestion.Refused {
            return .init(400, JSON.object(JSONObject(["message": refused.message])).text())
        } catch {
            return .init(503, JSON.object(JSONObject(["message": "\(error)"])).text())
        }
    }

    private func ok(_ json: JSON) -> LocalServer.Answer { .init(200, json.text()) }

    /// The nearest of those that begin the same: of the same kind or plane.
    private func alike(_ id: String, _ all: [String]) -> String? {
        let head = id.prefix { $0 != "/" }.lowercased()
        return nearest(to: id, in: all.filter { $0.prefix(head.count).lowercased() == head })
    }

    private func missing(_ what: String, hint nearest: String?) -> LocalServer.Answer {
        let hint = nearest.map { "; did you mean \($0)?" } ?? ""
        return .init(404, JSON.object(JSONObject(["message": "there is no \(what) (NotFound)\(hint)"])).text())
    }

    private func status() async -> JSON {
        let processes = await engineStates()
        let writes = Dictionary(
            planes.compactMap { $0 as? any AuditedPlane }.map { ($0.name, $0.writes) }, uniquingKeysWith: +)
        return await scheduler.ask { [role, name] engine, state in
            Report.status(role: role, name: name, engine, state, writes, processes: processes)
        }
    }

    /// Makes every plane compare everything; names what was not as desired.
    private func audit() async -> JSON {
        var found: [String: Audit?] = [:]
        await withTaskGroup(of: (String, Audit?).self) { group in
            for plane in planes.compactMap({ $0 as? any AuditedPlane }) {
                group.addTask { (plane.name, await plane.audit()) }
            }
            for await (name, audit) in group { found[name] = .some(audit) }
        }
        return Report.envelope(
            "Audit",
            [
                "clean": .boolean(found.values.allSatisfy { $0.map { $0.writes == 0 } ?? false }),
                "planes": .array(found.sorted { $0.key < $1.key }.map(Report.audit)),
            ])
    }

    private func modules() async -> JSON {
        await scheduler.ask { engine, state in
            let on = Set(engine.enabledModules)
            let counts = engine.counts()
            let problems = engine.problems()
            var rows: [String: Int] = [:]
            for owners in engine.owners().values {
                for module in Set(owners.map(\.module)) { rows[module, default: 0] += 1 }
            }
            return Report.envelope(
                "ModuleList",
                [
                    "items": .array(
                        BuiltinModules.manifests.map { manifest in
                            [
                                "name": .string(manifest.name), "summary": .string(manifest.summary),
                                "stage": .string(manifest.stage.rawValue), "on": .boolean(on.contains(manifest.name)),
                                "cells": .integer(counts.cells[manifest.name] ?? 0),
                                "rows": .integer(rows[manifest.name] ?? 0),
                                "problems": .array(
                                    problems.filter { $0.module == manifest.name }.map(Report.problem)),
                                "reads": .array(manifest.reads.map { .string($0.kind) }),
                                "publishes": .array(manifest.publishes.map { .string($0.kind) }),
                                "writes": .array(manifest.writes.map { .string("\($0)") }),
                            ]
                        })
                ])
        }
    }

    private func rows(_ query: [String: String]) async -> JSON {
        await scheduler.ask { engine, state in
            let place = query["table"].map { $0.split(separator: "/", maxSplits: 1).map(String.init) } ?? []
            let owners = engine.owners()
            let wanted = query["owner"]?.lowercased()
            let rows = engine.rows(plane: place.first, table: place.count > 1 ? place[1] : nil).filter { row in
                wanted.map { wanted in
                    owners[row, default: []].contains {
                        $0.module == wanted || $0.cell.contains { $0.description.lowercased() == wanted }
                    }
                } ?? true
            }
            return Report.envelope(
                "RowList", ["items": .array(rows.map { Report.row($0, owners[$0] ?? [], engine, state) })])
        }
    }

    private func row(_ id: String) async -> LocalServer.Answer {
        await scheduler.ask { engine, state in
            let rows = engine.rows()
            guard let row = rows.first(where: { $0.description == id }) else {
                return missing("row \(id)", hint: alike(id, rows.map(\.description)))
            }
            let owners = engine.owners(of: row)
            return ok(
                Report.envelope(
                    "Row",
                    ["row": Report.row(row, owners, engine, state), "facts": Report.facts(of: row, owners, engine)]))
        }
    }

    private func objects(_ query: [String: String]) async -> JSON {
        await scheduler.ask { engine, state in
            let kind = query["kind"]?.lowercased()
            let objects = engine.objects().filter { object in
                (kind == nil || type(of: object).kind.lowercased() == kind)
                    && (query["namespace"] == nil || object.namespace == query["namespace"])
            }
            return Report.envelope("ObjectList", ["items": .array(objects.map { Report.object($0.id, engine, state) })])
        }
    }

    private func object(_ id: String) async -> LocalServer.Answer {
        await scheduler.ask { engine, state in
            let objects = engine.objects()
            if let object = objects.first(where: { $0.id.description.lowercased() == id.lowercased() }) {
                return ok(Report.whole(object, engine, state))
            }
            return missing(id, hint: alike(id, objects.map(\.id.description)))
        }
    }

    private func toggle(_ path: String, _ query: [String: String]) async -> LocalServer.Answer {
        let name = String(path.dropFirst("/modules/".count))
        guard let isOn = query["on"].flatMap(Bool.init) else {
            return .init(400, JSON.object(JSONObject(["message": "on=true or on=false is missing (BadQuery)"])).text())
        }
        do {
            try await scheduler.toggle(name, on: isOn)
            return await ok(modules())
        } catch {
            return .init(400, JSON.object(JSONObject(["message": error.message])).text())
        }
    }
}

extension Report {
    static func status(
        role: String, name: String, _ engine: Engine, _ state: RunState, _ writes: [String: Int], processes: [JSON]
    ) -> JSON {
        let problems = engine.problems()
        let refused = state.planes.flatMap { plane in plane.value.refused.map { (plane.key, $0.key, $0.value) } }
        let pods = engine.objects(kind: PodPort.kind).compactMap { $0 as? PodPort }.filter(\.isLocal)
        let missing = engine.whatIsMissing(state)
        return envelope(
            "Status",
            [
                "role": .string(role), "name": .string(name), "version": .string(Version.current),
                "turn": .integer(Int(state.turn)),
                "healthy": .boolean(problems.isEmpty && refused.isEmpty && missing == nil),
                "missing": missing.map { .string($0) } ?? .null,
                "feeds": .array(
                    state.feeds.sorted { $0.key < $1.key }.map { feed in
                        [
                            "name": .string(feed.key), "listed": .boolean(feed.value.listed),
                            "failures": .array(
                                feed.value.failures.map {
                                    [
                                        "source": .string($0.source), "reason": .string($0.reason),
                                        "message": .string($0.message),
                                    ]
                                }),
                        ]
                    }),
                "planes": .array(
                    state.planes.sorted { $0.key < $1.key }.map { plane in
                        [
                            "name": .string(plane.key), "connected": .boolean(plane.value.isConnected),
                            "confirmed": .integer(Int(plane.value.confirmed)),
                            "rows": .integer(engine.rows(plane: plane.key).count),
                            "repairs": .integer(plane.value.repairs),
                            "writes": .integer(writes[plane.key] ?? 0),
                            "refused": .array(
                                plane.value.refused.sorted { $0.key < $1.key }.map {
                                    ["row": .string($0.key.description), "message": .string($0.value)]
                                }),
                        ]
                    }),
                "processes": .array(processes),
                "pods": [
                    "total": .integer(pods.count),
                    "settled": .integer(pods.filter { engine.isSettled(Pod.id($0.namespace, $0.name)) }.count),
                ],
                "objects": counts(engine, problems),
                "rows": .integer(engine.rows().count),
                "problems": .array(problems.map(problem)),
            ])
    }

    /// Of each kind that a module counts: how many there are, and how many have their rows in force and nothing wrong
    /// with them.
    private static func counts(_ engine: Engine, _ problems: [Problem]) -> JSON {
        let wrong = Set(problems.compactMap(\.object))
        return .array(
            engine.manifests.flatMap(\.counts).map { kind in
                let all = engine.objects(kind: kind.kind).map(\.id)
                return [
                    "kind": .string(kind.kind), "total": .integer(all.count),
                    "settled": .integer(all.count { !wrong.contains($0) && engine.isSettled($0) }),
                ]
            })
    }

    static func object(_ id: ObjectID, _ engine: Engine, _ state: RunState) -> JSON {
        let problems = state.problems[id] ?? []
        return [
            "kind": .string(id.kind), "namespace": .string(id.namespace), "name": .string(id.name),
            "state": .string(!problems.isEmpty ? "failed" : engine.isSettled(id) ? "settled" : "waiting"),
            "problems": .array(problems.map(problem)),
        ]
    }

    /// An object with what modules say of it and all rows that are there because of it.
    static func whole(_ object: any Kind, _ engine: Engine, _ state: RunState) -> JSON {
        let owners = engine.owners().filter { $0.value.contains { $0.cell.contains(object.id) } }
        let rows = engine.rows().filter { owners[$0] != nil }
        var published: JSON = .null
        if let pod = object as? Pod, let port = engine.object(PodPort.self, pod.namespace, pod.name) {
            published = Report.port(port)
        }
        return envelope(
            "Object",
            [
                "object": Report.object(object.id, engine, state), "port": published,
                "descriptions": .array(engine.descriptions(of: object.id).map(described)),
                "rows": .array(rows.map { row($0, owners[$0] ?? [], engine, state) }),
                "body": .string("\(object)"),
            ])
    }

    static func port(_ port: PodPort) -> JSON {
        [
            "node": .string(port.node), "local": .boolean(port.isLocal), "mac": .string(port.mac.description),
            "logicalPort": .string(port.logicalPort),
            "addresses": .array(port.addresses.map { .string($0.description) }),
            "gateways": .array(port.gateways.map { .string($0.description) }),
        ]
    }
}
