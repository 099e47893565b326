"""Looks at the live page with a real browser and prints what was seen as JSON.

    page_in_browser.py --which                           the browsers that can be driven here, one a line
    page_in_browser.py chromium|firefox URL ASKED DIR    creates the file ASKED when the next edition may come; pictures go to DIR

Chromium is driven by playwright; Firefox by WebDriver BiDi, which it speaks itself, over a socket of our own. Without a
screen Firefox draws no WebGL: it gets Xvfb's.
"""
import base64
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SIZE = (960, 640)


class Chromium:
    def __init__(self, reduced):
        from playwright.sync_api import sync_playwright

        self.play = sync_playwright().start()
        self.browser = self.play.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True,
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
        self.page = self.browser.new_page(
            viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce" if reduced else "no-preference")
        self.complaints = []
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.complain(m.text))
        self.page.on("pageerror", lambda e: self.complain(str(e)))
        self.page.on("requestfailed", lambda r: self.complain(f"{r.url}: {r.failure}"))

    def complain(self, text):
        # Of the software renderer, and of streams that end with the page.
        if "GPU stall" not in text and "ERR_ABORTED" not in text:
            self.complaints.append(text)

    def go(self, url): self.page.goto(url)
    def ask(self, expression): return self.page.evaluate(expression)
    def picture(self): return self.page.screenshot()
    def press(self, key): self.page.keyboard.press(key)

    def close(self):
        self.browser.close()
        self.play.stop()


class Firefox:
    KEYS = {"Tab": "\ue004", "ArrowRight": "\ue014", "ArrowLeft": "\ue012"}

    def __init__(self, reduced):
        self.profile = tempfile.mkdtemp(prefix="likeness-firefox-")
        with open(f"{self.profile}/user.js", "w") as file:
            for name, value in {
                "webgl.force-enabled": True, "webgl.disabled": False, "ui.prefersReducedMotion": int(reduced),
                "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
                "app.update.enabled": False, "network.captive-portal-service.enabled": False,
                "network.connectivity-service.enabled": False, "remote.active-protocols": 1,
            }.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        self.screen = None
        display = os.environ.get("DISPLAY")
        if not display:
            self.screen = subprocess.Popen(
                ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24"], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, start_new_session=True)
            display = ":" + self.screen.stdout.readline().strip()
        self.process = subprocess.Popen(
            [Firefox.program(), "--no-remote", "--profile", self.profile, "--remote-debugging-port", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1", "HOME": self.profile})
        port = None
        for line in self.process.stderr:
            if "WebDriver BiDi listening on ws://" in line:
                port = int(line.strip().rsplit(":", 1)[1])
                break
        if port is None:
            raise RuntimeError("Firefox does not listen")
        # A full pipe would stop it.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.complaints = []
        self.number = 0
        self.open(port)
        self.command("session.new", {"capabilities": {}})
        self.command("session.subscribe", {"events": ["log.entryAdded"]})
        self.context = self.command("browsingContext.getTree", {})["contexts"][0]["context"]
        self.command("browsingContext.setViewport", {"context": self.context, "viewport": {"width": SIZE[0], "height": SIZE[1]}})

    @staticmethod
    def program(): return shutil.which("firefox-esr") or shutil.which("firefox")

    # RFC 6455, as far as a client on loopback needs it.
    def open(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET /session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        self.buffer = self.buffer.split(b"\r\n\r\n", 1)[1]

    def take(self, count):
        while len(self.buffer) < count:
            some = self.socket.recv(1 << 20)
            if not some:
                raise RuntimeError("Firefox closed the connection")
            self.buffer += some
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive(self):
        message = b""
        while True:
            first, second = self.take(2)
            length = second & 127
            if length == 126:
                length, = struct.unpack(">H", self.take(2))
            elif length == 127:
                length, = struct.unpack(">Q", self.take(8))
            message += self.take(length)
            if first & 128:
                return json.loads(message)

    def command(self, method, parameters):
        self.number += 1
        data = json.dumps({"id": self.number, "method": method, "params": parameters}).encode()
        mask = os.urandom(4)
        size = bytes([128 | len(data)]) if len(data) < 126 else bytes([254]) + struct.pack(">H", len(data))
        self.socket.sendall(b"\x81" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        while True:
            answer = self.receive()
            if answer.get("method") == "log.entryAdded":
                entry = answer["params"]
                if entry["level"] in ("error", "warn"):
                    self.complaints.append(entry["text"])
            elif answer.get("id") == self.number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return answer["result"]

    def go(self, url):
        self.command("browsingContext.navigate", {"context": self.context, "url": url, "wait": "complete"})

    def ask(self, expression):
        answer = self.command("script.evaluate", {
            "expression": f"JSON.stringify({expression} ?? null)", "target": {"context": self.context}, "awaitPromise": True})
        return json.loads(answer["result"]["value"])

    def picture(self):
        return base64.b64decode(self.command("browsingContext.captureScreenshot", {"context": self.context})["data"])

    def press(self, key):
        value = self.KEYS[key]
        self.command("input.performActions", {"context": self.context, "actions": [
            {"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}]})

    def close(self):
        # Whoever started this may have blocked SIGTERM, and Firefox has children of its own.
        for process in filter(None, [self.process, self.screen]):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def which():
    try:
        import playwright  # noqa: F401
        if shutil.which("chromium"):
            print("chromium")
    except ImportError:
        pass
    if Firefox.program() and (os.environ.get("DISPLAY") or shutil.which("Xvfb")):
        print("firefox")


def wait(browser, expression, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if browser.ask(expression):
            return True
        time.sleep(0.1)
    browser.complaints.append(f"in vain waited for {expression}")
    return False


def look(kind, url, asked, folder):
    made = {"chromium": Chromium, "firefox": Firefox}[kind]
    report = {"editions": [], "focus": []}

    def save(name):
        with open(f"{folder}/{name}.png", "wb") as file:
            file.write(browser.picture())

    edition = "Number(document.documentElement.dataset.edition ?? 0)"
    browser = made(reduced=False)
    try:
        browser.go(url)
        wait(browser, f"{edition} > 0")
        # A reload would lose it.
        browser.ask("(window.loads = (window.loads ?? 0) + 1)")
        report["editions"].append(browser.ask(edition))
        browser.ask("document.getElementById('front').click()")
        time.sleep(1)
        save("drawn")
        open(asked, "w").close()
        wait(browser, f"{edition} > {report['editions'][0]}")
        report["editions"].append(browser.ask(edition))
        time.sleep(1.5)
        save("replaced")
        browser.ask("document.getElementById('view').focus()")
        for _ in range(5):
            report["focus"].append(browser.ask("document.activeElement.id"))
            browser.press("Tab")
        browser.ask("document.getElementById('view').focus()")
        for _ in range(4):
            browser.press("ArrowRight")
        time.sleep(0.5)
        save("keys")
        browser.ask("document.getElementById('mirror').click()")
        wait(browser, "document.documentElement.dataset.motion === 'live'")
        time.sleep(2)
        save("mirrored")
        report["hint"] = browser.ask("document.getElementById('hint').textContent")
        report["label"] = browser.ask("document.getElementById('view').getAttribute('aria-label')")
        report["loads"] = browser.ask("window.loads ?? 0")
        report["complaints"] = browser.complaints
    finally:
        browser.close()
    browser = made(reduced=True)
    try:
        browser.go(url)
        wait(browser, f"{edition} > 0")
        time.sleep(1)
        save("still-1")
        time.sleep(1.5)
        save("still-2")
        report["complaints"] += browser.complaints
    finally:
        browser.close()
    print(json.dumps(report))


if __name__ == "__main__":
    if sys.argv[1:] == ["--which"]:
        which()
    else:
        look(*sys.argv[1:])
