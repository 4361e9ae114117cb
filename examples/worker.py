#!/usr/bin/env python3
"""A worker for task-mgmt in plain Python 3.9+, with nothing but its standard library.

It serves three task types, `py_word_count`, `py_sleep` and `py_approval`. The protocol is described in docs/workers.md; the whole of it stands in
the class Worker, so that you can take that as it is and write handlers of your own.
"""

import argparse
import json
import os
import queue
import random
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid


class Refused(Exception):
    """The server refuses for good: a wrong key, or a protocol that it does not speak."""


class Failure(Exception):
    """Raised by a handler to fail its attempt with a code of its own."""

    def __init__(self, code, message, retryable=True):
        super().__init__(message)
        self.code, self.retryable = code, retryable


class Park(Exception):
    """Raised by a handler to wait without a slot, for a time or an event: `key`, `condition`, `timeout`, `lookBack`, `until`."""

    def __init__(self, **wait):
        super().__init__(str(wait))
        self.wait = wait


class Graph:
    """Sends mutations, each again until it is answered. Requests carry ids, so that a repeated one does nothing twice."""

    def __init__(self, url, api_key):
        self.url = url
        self.headers = {"content-type": "application/json"}
        if api_key:
            self.headers["authorization"] = "Bearer " + api_key

    def mutate(self, name, payload, fields, give_up, timeout=15):
        """The answer's fields with its __typename; None when `give_up()` became true before there was one."""
        title = name[0].upper() + name[1:]
        text = (
            f"mutation m($input: {title}Input!) {{ {name}(input: $input) {{ __typename"
            f" ... on {title}Success {{ {payload} }} ... on UserError {{ code message }} }} }}"
        )
        body = json.dumps({"query": text, "variables": {"input": fields}}).encode()
        pause = 0.2
        while not give_up():
            try:
                request = urllib.request.Request(self.url, body, self.headers)
                with urllib.request.urlopen(request, timeout=timeout) as response:
                    return self.answer_of(name, json.load(response))
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise Refused(message_of(error)) from None
            except (OSError, ValueError, EOFError, ServerFault):
                pass  # The connection broke, or the server is away: ask again.
            except Exception as error:
                if type(error).__module__ != "http.client":
                    raise
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 5)
        return None

    @staticmethod
    def answer_of(name, answer):
        errors = answer.get("errors")
        if errors:
            if errors[0].get("extensions", {}).get("code") == "INTERNAL":
                raise ServerFault(errors[0]["message"])
            raise Refused(errors[0]["message"])
        return answer["data"][name]


class ServerFault(Exception):
    """Something broke in the server; the same request may succeed later."""


class Task:
    """What a handler is given."""

    def __init__(self, worker, leased):
        self.worker, self.leased = worker, leased
        self.id, self.type, self.epoch = leased["id"], leased["type"], leased["epoch"]
        self.input, self.attempt = leased["input"], leased["attempt"]
        # Set when the task was cancelled, timed out or lost: stop then, what you return is ignored.
        self.cancelled = threading.Event()

    def answer_to(self, key):
        """How its latest wait for the key has ended: {outcome, payload, eventId, sender, at}; None when it has not waited for it."""
        return next((answer for answer in reversed(self.leased["answers"]) if answer["key"] == key), None)

    def lease(self):
        return {"taskId": self.id, "epoch": self.epoch}

    def progress(self, fraction, message=None):
        """Says how far the task is, from 0 to 1."""
        answer = self.worker.send("reportProgress", "taskId", **self.lease(), fraction=fraction, message=message)
        if answer is None or answer["__typename"] == "StaleLeaseError":
            self.cancelled.set()

    def log(self, message, level="INFO", **fields):
        """Appends one line to the task's log."""
        line = {"level": level, "message": message, "fields": fields or None}
        self.worker.send("appendLog", "taskId", **self.lease(), lines=[line], requestId=new_id())


def machine_resources():
    """What the tasks of this worker may take together: all of the machine."""
    resources = {"cpuCores": os.cpu_count() or 1}
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        resources["memoryMb"] = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return resources


class Worker:
    """Claims tasks and runs their handlers, `slots` at once."""

    def __init__(self, graph, name, slots, lease_seconds, grace_seconds, types):
        self.graph, self.name, self.slots, self.types = graph, name, slots, types
        self.lease_seconds, self.grace_seconds = lease_seconds, grace_seconds
        self.stopping = threading.Event()  # claim no more, finish what runs
        self.lost = threading.Event()  # the server gave this worker up: sign on anew
        self.over = threading.Event()  # send nothing more
        self.lock = threading.Lock()
        self.held = {}  # (task id, epoch) -> Task
        self.freed = queue.Queue()
        self.problem = None
        self.id = None

    def run(self):
        """Works until it is stopped. Raises Refused when the server does not want it."""
        while not self.stopping.is_set():
            self.sign_on()
            if self.stopping.is_set() and self.id is None:
                return
            self.lost.clear()
            beating = threading.Thread(target=self.guarded(self.keep_beating), daemon=True)
            beating.start()
            self.guarded(self.keep_claiming)()
            self.finish()
            beating.join(timeout=20)
        if self.problem:
            raise self.problem

    def stop(self):
        """Claims no more: the server is told at once, so that a claim that waits comes back empty."""
        self.stopping.set()
        if self.id:
            threading.Thread(target=self.guarded(self.tell_draining), daemon=True).start()

    def tell_draining(self):
        self.send("heartbeatWorker", "state", isDraining=True)

    def sign_on(self):
        answer = self.graph.mutate(
            "registerWorker",
            "workerId",
            {
                "requestId": new_id(),
                "name": self.name,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "slots": self.slots,
                "resources": machine_resources(),
                "lease": f"PT{self.lease_seconds}S",
                "types": [{"name": name, **more} for name, (_, more) in self.types.items()],
            },
            give_up=self.stopping.is_set,
        )
        if answer is not None and answer["__typename"] != "RegisterWorkerSuccess":
            raise Refused(answer["message"])
        self.id = answer and answer["workerId"]
        if answer:
            say(f"signed on as {self.id}")

    def keep_claiming(self):
        """Waits for work as long as there are free slots."""
        done = lambda: self.stopping.is_set() or self.lost.is_set()
        while not done():
            with self.lock:
                free = self.slots - len(self.held)
            if free == 0:
                # Somebody's end is a slot; look now and then whether to stop.
                try:
                    self.freed.get(timeout=0.5)
                except queue.Empty:
                    pass
                continue
            answer = self.send(
                "claimTasks",
                "state tasks { id type input attempt epoch answers { key outcome payload eventId sender at } }",
                give_up=done,
                answer_within=35,
                requestId=new_id(),
                types=list(self.types),
                limit=free,
                wait="PT20S",
            )
            self.heed(answer)
            for leased in (answer or {}).get("tasks", []):
                task = Task(self, leased)
                with self.lock:
                    self.held[(task.id, task.epoch)] = task
                threading.Thread(target=self.run_one, args=(task,), daemon=True).start()

    def keep_beating(self):
        """Renews the lease, lists what is held, and hears what was cancelled. The server holds the request until there is news."""
        while not (self.over.is_set() or self.lost.is_set()):
            with self.lock:
                held = [task.lease() for task in self.held.values() if not task.cancelled.is_set()]
            answer = self.send(
                "heartbeatWorker",
                "state ended { taskId epoch reason }",
                held=held,
                isDraining=self.stopping.is_set(),
                wait="PT0S" if self.stopping.is_set() else "PT5S",
            )
            self.heed(answer)
            for ended in (answer or {}).get("ended", []):
                with self.lock:
                    task = self.held.get((ended["taskId"], ended["epoch"]))
                if task:
                    say(f"{task.id}: {ended['reason'].lower()}")
                    task.cancelled.set()
            time.sleep(0.5 if self.stopping.is_set() else 0.2)

    def run_one(self, task):
        handler, _ = self.types[task.type]
        try:
            output = handler(task)
            answer = self.send("completeTask", "status", **task.lease(), output=output)
            if answer and answer["__typename"] == "ValidationError":
                self.fail(task, "OUTPUT_INVALID", answer["message"], retryable=False)
        except Park as park:
            answer = self.send("parkTask", "status", **task.lease(), **park.wait)
            if answer and answer["__typename"] == "ValidationError":
                self.fail(task, "HANDLER_ERROR", answer["message"], retryable=False)
        except Failure as failure:
            self.fail(task, failure.code, str(failure), failure.retryable)
        except Refused as refusal:
            self.give_up(refusal)
        except Exception as error:  # A handler may raise anything.
            self.fail(task, "HANDLER_ERROR", f"{type(error).__name__}: {error}", retryable=True)
        finally:
            with self.lock:
                self.held.pop((task.id, task.epoch), None)
            self.freed.put(None)

    def fail(self, task, code, message, retryable):
        # A lease that is over answers StaleLeaseError: then somebody else has the task, and nothing is left to do.
        self.send("failTask", "status", **task.lease(), code=code, message=message, retryable=retryable)

    def finish(self):
        """Waits for the handlers as long as the grace, then gives back what is left and signs off."""
        deadline = time.monotonic() + (0 if self.lost.is_set() else self.grace_seconds)
        while self.held and time.monotonic() < deadline and not self.problem:
            time.sleep(0.05)
        with self.lock:
            left, self.held = list(self.held.values()), {}
        for task in left:
            task.cancelled.set()
        if not self.problem and self.id:
            give_up_at = time.monotonic() + 10
            # What it still holds goes back to the queue with this.
            self.send("stopWorker", "state", give_up=lambda: time.monotonic() > give_up_at)
        if self.stopping.is_set():
            self.over.set()

    def heed(self, answer):
        if answer is None or self.over.is_set():
            return
        if answer["__typename"] == "NotFoundError" or answer.get("state") in ("LOST", "STOPPED"):
            if not self.stopping.is_set():
                say("taken for lost: what was held runs elsewhere")
            self.lost.set()
        elif answer.get("state") == "DRAINING":
            self.stopping.set()
        elif answer["__typename"] == "ValidationError":
            raise Refused(answer["message"])

    def send(self, name, payload, give_up=None, answer_within=15, **fields):
        """`answer_within` is in seconds; every other name is a field of the input."""
        return self.graph.mutate(name, payload, {"workerId": self.id, **fields}, give_up or self.over.is_set, answer_within)

    def guarded(self, work):
        def run():
            try:
                work()
            except Refused as refusal:
                self.give_up(refusal)

        return run

    def give_up(self, refusal):
        self.problem = refusal
        self.stopping.set()
        self.over.set()


def new_id():
    return uuid.uuid4().hex


def message_of(error):
    try:
        return json.load(error)["errors"][0]["message"]
    except (ValueError, KeyError, IndexError):
        return f"HTTP {error.code}"


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


# The handlers --------------------------------------------------------------------------------------------------------


def word_count(task):
    task.log("counting", characters=len(task.input["text"]))
    return {"words": len(task.input["text"].split())}


def sleep(task):
    seconds, started = task.input["seconds"], time.monotonic()
    while (gone := time.monotonic() - started) < seconds:
        if task.cancelled.wait(min(0.5, seconds - gone)):
            raise Failure("STOPPED", "The task was cancelled.", retryable=False)
        task.progress(min((time.monotonic() - started) / seconds, 1))
    return {"slept": seconds, "by": "python"}


def approval(task):
    key = task.input["key"]
    answer = task.answer_to(key)
    if answer is None:
        # Asked for before it waits: the answer may come sooner than the park.
        raise Park(key=key, timeout="P1D", lookBack="PT1H")
    if answer["outcome"] == "TIMED_OUT":
        return {"approved": False, "why": "nobody answered"}
    return {"approved": bool(answer["payload"]["approved"]), "by": answer["sender"]}


TYPES = {
    "py_word_count": (
        word_count,
        {
            "description": "Counts the words of a text, in Python.",
            "inputSchema": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        },
    ),
    "py_sleep": (
        sleep,
        {
            "description": "Sleeps for some seconds, in Python.",
            "inputSchema": {
                "type": "object",
                "required": ["seconds"],
                "properties": {"seconds": {"type": "number", "minimum": 0}},
            },
        },
    ),
    "py_approval": (
        approval,
        {
            "description": "Waits for an event that says whether something is approved, in Python.",
            "inputSchema": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}},
        },
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("TASK_MGMT_URL", "http://127.0.0.1:4000"), help="the server (or TASK_MGMT_URL)")
    parser.add_argument("--api-key", default=os.environ.get("TASK_MGMT_API_KEY"), help="a key of role WORKER (or TASK_MGMT_API_KEY)")
    parser.add_argument("--name", default=f"python-{socket.gethostname()}-{os.getpid()}", help="what people call it")
    parser.add_argument("--slots", type=int, default=4, help="tasks at once (default: 4)")
    parser.add_argument("--lease", type=int, default=30, metavar="SECONDS", help="silence after which its tasks run elsewhere (default: 30)")
    parser.add_argument("--grace", type=int, default=20, metavar="SECONDS", help="how long handlers may go on after SIGTERM (default: 20)")
    arguments = parser.parse_args()
    url = arguments.url.rstrip("/")
    graph = Graph(url if url.endswith("/graphql") else url + "/graphql", arguments.api_key)
    worker = Worker(graph, arguments.name, arguments.slots, arguments.lease, arguments.grace, TYPES)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        worker.run()
    except Refused as refusal:
        sys.exit(f"The server refuses this worker: {refusal}")


if __name__ == "__main__":
    main()
