"""A gateway in a folder of its own, for tests.

    gateway = Gateway(build, folder)
    gateway.enrol(url, code); gateway.start(); ...; gateway.kill(); gateway.stop()
"""
import json
import os
import signal
import subprocess
import time


class Gateway:
    def __init__(self, program, folder):
        self.program, self.folder, self.process = program, folder, None
        self.environment = dict(os.environ)
        self.log_path = folder + ".log"

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *words, check=True, timeout=60):
        done = subprocess.run([self.program, "--folder", self.folder, *words], capture_output=True, text=True, timeout=timeout,
                              check=False, stdin=subprocess.DEVNULL, env=self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"gaokao-gateway {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def enrol(self, url, code, *more, **settings):
        done = self.run("enrol", "--server", url, "--code", code, *more)
        self.set(**settings)
        return done

    def set(self, **settings):
        with open(self.path("gateway.conf"), encoding="utf-8") as file:
            lines = file.read().split("\n")
        for name, value in settings.items():
            at = [i for i, line in enumerate(lines) if line.split(" =")[0] == name]
            lines[at[0]] = f"{name} = {value}"
        with open(self.path("gateway.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def start(self, command="run", prefix=()):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*prefix, self.program, "--folder", self.folder, command], stdin=subprocess.PIPE, stdout=log,
                                            stderr=subprocess.STDOUT, env=self.environment)
        return self

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def stop(self):
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdin.close()
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait(60)
        self.process.stdin.close()
        self.process = None

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def state(self):
        return json.loads(self.run("status", "--json", check=False).stdout)

    def waiting(self):
        state = self.state()
        return state["waiting"] + state.get("aside", 0)

    def memory(self, name="VmHWM"):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name + ":")) * 1024

    def wait(self, condition, seconds=30, what="condition"):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.log()[-3000:]}")

    def wait_said(self, word, seconds=30, count=1):
        return self.wait(lambda: self.log().count(word) >= count, seconds, f"'{word}' {count} times")
