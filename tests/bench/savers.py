"""People who save their forms while something else is measured."""
import threading
import time


def quantile(values, share):
    """In ms, of seconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000 if values else float("nan")


class Savers:
    """All of `clients` save within the block, `rate` times a second together; `took`: seconds of each save."""

    def __init__(self, clients, rate):
        self.clients, self.pause = clients, len(clients) / rate
        self.took, self.stop, self.began, self.seconds = [], threading.Event(), 0, 0

    def __enter__(self):
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self.one, args=(client, n)) for n, client in enumerate(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.began

    def one(self, client, n):
        while not self.stop.is_set():
            version = client.get("/me", expect=200).headers["ETag"]
            began = time.monotonic()
            status = client.patch("/me", {"fields": {"receiver": f"收件人{'甲乙丙丁戊己庚辛'[n % 8]}"}}, version=version).status
            if status == 200:
                self.took.append(time.monotonic() - began)
            n += 1
            self.stop.wait(self.pause)

    def __str__(self):
        return f"{len(self.took) / self.seconds:.1f}/s, " + ", ".join(f"p{q} {quantile(self.took, q / 100):.1f} ms" for q in (50, 95, 99))
