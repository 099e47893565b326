import Foundation
import Logging
import Pipeline
import Testing

/// Who is let in, over a real socket. Truth: what a stranger's page can make a browser send.
@Suite(.ownThreads, .patient(minutes: 4)) struct AccessTests {
    private static let secret = "correct horse battery staple"

    @Test func namesOfStrangersAreRefused() async throws {
        var settings = Configuration.HTTP.onFreePort
        settings.allowedHosts = ["avatars.example"]
        let served = try await Served(settings)
        for host in ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:80", "Avatars.Example:443"] {
            #expect(try Wire.ask(served.port, "/healthz", host: host).status == 200, "\(host)")
        }
        for host in [
            "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5", "", "localhost:x",
            "[::1",
            "avatars.example.evil",
        ] {
            #expect([400, 403].contains(try Wire.ask(served.port, "/healthz", host: host).status), "\(host)")
        }
        #expect([400, 403].contains(try Wire.ask(served.port, "/healthz", host: nil).status))
        let two = try Wire.ask(served.port, "/healthz", host: "localhost", ["Host: evil.example"])
        #expect([400, 403].contains(two.status))
        await served.service.stop()
    }

    @Test func itOnlyShows() async throws {
        let served = try await Served { _ in true }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
            let answer = try Wire.ask(served.port, "/subjects/anna.glb", method: method)
            #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD", "\(method): \(answer.status)")
        }
        #expect(try Wire.ask(served.port, "/subjects/anna/pause").status == 405)
        #expect(try Wire.ask(served.port, "/subjects/anna/pause", method: "POST").status == 403)
        await served.service.stop()
    }

    @Test func controlsAreForThisServersPage() async throws {
        var settings = Configuration.HTTP.onFreePort
        settings.controls = true
        let asked = Latest<PublishedSubject.Control>()
        let served = try await Served(settings) {
            asked.set($0)
            return true
        }
        var revision = 0
        let cross = try Wire.ask(
            served.port, "/subjects/anna/pause", method: "POST", ["Origin: http://evil.example"])
        #expect(cross.status == 403 && asked.newer(than: &revision) == nil)
        let own = try Wire.ask(served.port, "/subjects/anna/pause", method: "POST", ["Origin: http://localhost"])
        #expect(own.text == "paused\n" && asked.newer(than: &revision) == .pause)
        let program = try Wire.ask(
            served.port, "/subjects/anna/resume", method: "POST", ["Content-Length: 2"], body: "{}")
        #expect(program.status == 200 && asked.newer(than: &revision) == .resume)
        #expect(try Wire.ask(served.port, "/subjects/bob/pause", method: "POST").status == 404)
        await served.service.stop()
    }

    @Test func theTokenOpens() async throws {
        setenv("LIKENESS_TEST_TOKEN", Self.secret, 1)
        var settings = Configuration.HTTP.onFreePort
        settings.token = "${LIKENESS_TEST_TOKEN}"
        let served = try await Served(settings)
        for headers in [
            [], ["Authorization: Bearer wrong"], ["Authorization: Bearer "], ["Authorization: Basic \(Self.secret)"],
            ["Cookie: likeness-token=\(Self.secret)"], ["Cookie: likeness-token="],
        ] {
            let answer = try Wire.ask(served.port, "/metrics", headers)
            #expect(
                answer.status == 401 && answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true, "\(headers)")
        }
        #expect(try Wire.ask(served.port, "/?token=wrong").status == 401)
        #expect(try Wire.ask(served.port, "/metrics", ["Authorization: Bearer \(Self.secret)"]).status == 200)
        // A supervisor has none, and is told one word.
        #expect(try Wire.ask(served.port, "/healthz").text == "ok\n")

        let encoded = try #require(Self.secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let entry = try Wire.ask(served.port, "/?token=\(encoded)&subject=anna")
        #expect(entry.status == 303 && entry.headers["location"] == "/?subject=anna")
        let cookie = try #require(entry.headers["set-cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("horse"))
        let pair = try #require(cookie.split(separator: ";").first)
        #expect(try Wire.ask(served.port, "/api/status", ["Cookie: a=b; \(pair)"]).status == 200)
        #expect(try Wire.ask(served.port, "/", ["Cookie: \(pair)x"]).status == 401)
        let away = try Wire.ask(served.port, "//evil.example/?token=\(encoded)")
        #expect(away.headers["location"] == "/evil.example/")
        await served.service.stop()
    }

    private static func failure(of settings: Configuration.HTTP) async -> Failure? {
        do {
            let served = try await Served(settings)
            await served.service.stop()
            return nil
        } catch {
            return error as? Failure
        }
    }

    @Test func whatCannotBeServedSafelyIsAConfigurationFault() async throws {
        setenv("LIKENESS_SHORT_TOKEN", "short", 1)
        func settings(_ address: String, token: String = "", hosts: [String] = []) -> Configuration.HTTP {
            var settings = Configuration.HTTP()
            (settings.address, settings.token, settings.allowedHosts) = (address, token, hosts)
            return settings
        }
        for (wrong, word) in [
            (settings("0.0.0.0:0"), "http.token"), (settings("[::]:0"), "http.token"), (settings("8080"), "127.0.0.1"),
            (settings("camera.local:80"), "numeric"), (settings("127.0.0.1:99999"), "address"),
            (settings("127.0.0.1:0", token: "plain text"), "${NAME}"),
            (settings("127.0.0.1:0", token: "${LIKENESS_SHORT_TOKEN}"), "16 characters"),
            (settings("127.0.0.1:0", token: "${LIKENESS_NO_SUCH}"), "LIKENESS_NO_SUCH"),
            (settings("127.0.0.1:0", hosts: ["http://a"]), "http.allowedHosts"),
        ] {
            let failure = await Self.failure(of: wrong)
            #expect(failure?.code == .configuration, "\(wrong)")
            #expect(failure?.description.contains(word) == true, "\(failure?.description ?? "")")
            #expect(failure?.description.contains("plain text") == false)
        }
        let served = try await Served()
        var taken = Configuration.HTTP()
        taken.address = "127.0.0.1:\(served.port)"
        let failure = await Self.failure(of: taken)
        #expect(failure?.code == .unavailable && failure?.description.contains("in use") == true)
        await served.service.stop()
    }
}
