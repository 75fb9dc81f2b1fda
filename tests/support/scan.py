"""A running system looked at from outside, from the host, and from within its containers: who listens, who may what."""

import json
import socket
import subprocess
from typing import Any

import httpx
import psutil

from deploy.compose.env_file import SECRETS
from tests.support.containers import System, docker

# Service -> port on which it listens inside. Nothing else listens anywhere but on a container's own loopback.
LISTENS = {
    "postgres": 5432, "redis": 6379, "ingest": 9100, "runner": 9100, "api": 8000, "dashboard": 8080,
    "exchange_sim": 9443,
}  # fmt: skip
PUBLISHED = ("api", "dashboard")
MEMBERS = {
    "database": {"postgres", "ingest", "runner", "api", "migrate"},
    "redis": {"redis", "ingest", "runner", "api"},
}
GUESSES = ("", "postgres", "paperfold", "analyst", "admin", "password", "secret", "changeme", "unused", "local")

LOG_IN = """
import psycopg2, sys
for user, password in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        psycopg2.connect(host="postgres", dbname="paperfold", user=user, password=password, connect_timeout=5).close()
        print(user)
    except psycopg2.OperationalError as error:
        assert "password" in str(error), error
"""
REACH = """
import socket, sys
for host, port in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        socket.create_connection((host, int(port)), 2).close()
        print(host, port)
    except OSError:
        pass
"""
PLACES = "/ /etc /usr /usr/bin /opt /home /root /var /var/lib"
WRITE = f"for at in {PLACES}; do touch $at/probe 2>/dev/null && echo $at; done; :"


def it_is_locked_down(system: System) -> None:
    """Everything below."""
    containers = containers_of(system)
    for container in containers:
        it_may_do_nothing(container)
        if container["State"]["Running"]:
            it_runs_as_an_ordinary_user(container)
            it_cannot_write(container)
            it_listens_on_one_port(container)
    two_ports_are_published(system, containers)
    stores_are_out_of_reach(system, containers)
    no_password_can_be_guessed(system)
    no_secret_is_told(system, containers)


def containers_of(system: System) -> list[dict[str, Any]]:
    """All containers of the system, those that have ended too, as the engine describes them."""
    names = docker("ps", "--all", "--filter", f"label=com.docker.compose.project={system.project}", "--format={{.ID}}")
    found: list[dict[str, Any]] = json.loads(docker("inspect", *names.split()))
    return found


def service_of(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


# --- one container ---------------------------------------------------------------------------------------------------


def it_may_do_nothing(container: dict[str, Any]) -> None:
    """No capability, no new privilege, a root that cannot be written, limits, logs that end, nothing of the host's."""
    host, service = container["HostConfig"], service_of(container)
    assert host["ReadonlyRootfs"], service
    assert (host["CapDrop"], host["CapAdd"] or [], host["Privileged"]) == (["ALL"], [], False), service
    assert "no-new-privileges:true" in host["SecurityOpt"], service
    assert (host["PidMode"], host["UsernsMode"], host["Devices"] or []) == ("", "", []), service
    assert host["NetworkMode"].startswith(container["Config"]["Labels"]["com.docker.compose.project"]), service
    assert 0 < host["Memory"] < 2**32, service
    assert host["NanoCpus"] > 0, service
    assert 0 < host["PidsLimit"] <= 256, service
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}, service
    assert host["RestartPolicy"]["Name"] == ("no" if service == "migrate" else "unless-stopped"), service
    assert not [mount for mount in container["Mounts"] if "docker.sock" in mount["Source"]], service
    assert not [mount for mount in container["Mounts"] if mount["Type"] == "bind" and mount["RW"]], service


def it_runs_as_an_ordinary_user(container: dict[str, Any]) -> None:
    """Every process, as the host sees it."""
    users = docker("top", container["Id"], "-eo", "pid,uid").split()[3::2]
    assert users, service_of(container)
    assert "0" not in users, service_of(container)


def it_cannot_write(container: dict[str, Any]) -> None:
    assert docker("exec", container["Id"], "sh", "-c", WRITE) == "", service_of(container)


def it_listens_on_one_port(container: dict[str, Any]) -> None:
    """Sockets of its own network in state 0A (listening) on any address but its loopback, by the kernel's tables."""
    table = docker("exec", container["Id"], "sh", "-c", "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; :")
    found = set()
    for _, local, _, state, *_ in (line.split() for line in table.splitlines() if ":" in line.split()[0]):
        address, port = local.split(":")
        if state == "0A" and not (len(address) == 8 and address.endswith("7F")):
            found.add(int(port, 16))
    assert found == {LISTENS[service_of(container)]}, service_of(container)


# --- between them, and from outside ----------------------------------------------------------------------------------


def two_ports_are_published(system: System, containers: list[dict[str, Any]]) -> None:
    """By what the engine says, by the host's own sockets, and by knocking at the host's other addresses."""
    published: dict[str, list[str]] = {}
    for container in containers:
        for doors in (container["NetworkSettings"]["Ports"] or {}).values():
            found = [f"{door['HostIp']}:{door['HostPort']}" for door in doors or []]
            published.setdefault(service_of(container), []).extend(found)
    ports = {name: int(system.values[f"{name.upper()}_PORT"]) for name in PUBLISHED}
    assert {name: found for name, found in published.items() if found} == {
        name: [f"127.0.0.1:{port}"] for name, port in ports.items()
    }
    listening = {tuple(one.laddr) for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    assert {one for one in listening if one[1] in ports.values()} == {("127.0.0.1", port) for port in ports.values()}
    for address in addresses_of_the_host():
        for port in ports.values():
            assert not answers_at(address, port), f"{address}:{port}"


def addresses_of_the_host() -> list[str]:
    """Its IPv4 addresses but loopback: what a neighbour in its network would knock at."""
    every = (one for found in psutil.net_if_addrs().values() for one in found if one.family == socket.AF_INET)
    return [one.address for one in every if not one.address.startswith("127.")]


def answers_at(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 2).close()
    except OSError:
        return False
    return True


def stores_are_out_of_reach(system: System, containers: list[dict[str, Any]]) -> None:
    """Only who needs a store is in its network, which leads nowhere else; whoever is not reaches no store at all."""
    places = []
    for network, members in MEMBERS.items():
        name = f"{system.project}_{network}"
        assert json.loads(docker("network", "inspect", name))[0]["Internal"]
        found = {service_of(one): one for one in containers if name in one["NetworkSettings"]["Networks"]}
        assert found.keys() == members, network
        store = "postgres" if network == "database" else "redis"
        assert list(found[store]["NetworkSettings"]["Networks"]) == [name]
        address = found[store]["NetworkSettings"]["Networks"][name]["IPAddress"]
        places += [store, str(LISTENS[store]), address, str(LISTENS[store])]
    [dashboard, api] = [system.containers(name)[0] for name in ("dashboard", "api")]
    assert docker("exec", dashboard, "python", "-c", REACH, *places) == ""
    assert len(docker("exec", api, "python", "-c", REACH, *places).splitlines()) == 4  # who may, does


def no_password_can_be_guessed(system: System) -> None:
    """Every door that has one: PostgreSQL's, Redis's, the API's; and the key of each does fit."""
    values, [ingest], [redis] = system.values, system.containers("ingest"), system.containers("redis")
    pairs = [(user, guess) for user in ("postgres", "paperfold", "analyst") for guess in GUESSES]
    pairs.append(("paperfold", values["DATABASE_PASSWORD"]))
    said = docker("exec", ingest, "python", "-c", LOG_IN, *(word for pair in pairs for word in pair))
    assert said.split() == ["paperfold"]
    assert "NOAUTH" in docker("exec", redis, "sh", "-c", "unset REDISCLI_AUTH; redis-cli ping; :")
    for guess in GUESSES[1:]:
        found = docker("exec", redis, "sh", "-c", f"REDISCLI_AUTH={guess} redis-cli --no-auth-warning ping 2>&1; :")
        assert "NOAUTH" in found, guess
    assert "PONG" in docker("exec", redis, "redis-cli", "ping")
    for guess, code in [*((guess, 401) for guess in GUESSES[1:]), (values["ADMIN_TOKEN"], 200)]:
        headers = {"Authorization": f"Bearer {guess}"}
        answer = httpx.get(f"{system.url('api')}/api/v1/system", headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == code, guess


def no_secret_is_told(system: System, containers: list[dict[str, Any]]) -> None:
    """Not by an image or how it was made, not by what processes are started with, not by what they say."""
    secrets = {system.values[name]: name for name in SECRETS}
    assert len(secrets) == len(SECRETS)
    for image in {one["Image"] for one in containers}:
        history = docker("history", "--no-trunc", "--format={{.CreatedBy}}", image)
        assert not named(secrets, history + docker("image", "inspect", image))
    for container in containers:
        started = [container["Path"], container["Args"], container["Config"]["Labels"]]
        shown = docker("top", container["Id"], "-eo", "pid,args") if container["State"]["Running"] else ""
        logs = subprocess.run(["docker", "logs", container["Id"]], capture_output=True, text=True, check=True)
        assert not named(secrets, json.dumps(started) + shown + logs.stdout + logs.stderr), service_of(container)


def named(secrets: dict[str, str], text: str) -> list[str]:
    """Names of those that stand in a text, which is not shown: it would tell them."""
    return [name for secret, name in secrets.items() if secret in text]
