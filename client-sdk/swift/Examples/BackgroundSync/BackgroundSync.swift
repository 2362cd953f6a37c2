#if os(iOS)
    import BackgroundTasks
    import Entwine
    import SwiftUI

    // A journal that syncs while the phone lies locked on the table.
    //
    // In the app's Info.plist: UIBackgroundModes has `fetch`, and BGTaskSchedulerPermittedIdentifiers has the name below.

    private let refresh = "app.example.journal.refresh"

    /// The one client of the app, opened when it is first asked for.
    actor Phone {
        static let shared = Phone()
        private var opening: Task<EntwineClient, any Error>?

        func client() async throws -> EntwineClient {
            if let opening { return try await opening.value }
            let folder = URL.applicationSupportDirectory.appending(path: "entwine")
            let opening = Task { try await EntwineClient.open(at: folder) }
            self.opening = opening
            do {
                return try await opening.value
            } catch {
                // A phone that was not unlocked since it started keeps its keys to itself: asked again, it may give them.
                self.opening = nil
                throw error
            }
        }
    }

    /// Asks iOS to wake the app again, when it thinks best.
    func askForRefresh() {
        let request = BGAppRefreshTaskRequest(identifier: refresh)
        request.earliestBeginDate = Date(timeIntervalSinceNow: 15 * 60)
        try? BGTaskScheduler.shared.submit(request)
    }

    @main
    struct JournalApp: App {
        @Environment(\.scenePhase) private var phase

        var body: some Scene {
            WindowGroup { Text("Our journal") }
                .onChange(of: phase) { _, phase in
                    Task {
                        let client = try await Phone.shared.client()
                        switch phase {
                        case .active: try client.resume()
                        case .background:
                            try client.suspend()
                            askForRefresh()
                        default: break
                        }
                    }
                }
                // iOS gives about thirty seconds, and cancels this task when they are over: what came by then is kept.
                .backgroundTask(.appRefresh(refresh)) {
                    askForRefresh()
                    _ = try? await Phone.shared.client().syncOnce(deadline: .seconds(20))
                }
        }
    }
#endif
