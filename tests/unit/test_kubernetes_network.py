"""Who may speak with whom in deploy/kubernetes: the arrows of docker-compose.yml, and no other."""

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.compose import env_file
from tests.support.manifests import Manifest, build, named, pods, taken

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ("embedded-stores", "external-stores", "external-stores-unscaled", "simulated-exchange")
NODE_LOCAL_DNS = "169.254.20.10/32"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
OURS = ("api", "dashboard", "ingest", "migrate", "runner")
NAME, WHOLE = "app.kubernetes.io/name", "app.kubernetes.io/part-of"


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[Manifest]:
    return build(ROOT / "deploy" / "kubernetes" / "overlays" / request.param)


Arrow = tuple[str, str, int]  # from, to, port

PORTS = {"postgres": 5432, "redis": 6379, "api": 8000, "dashboard": 8080, "ingest": 9100, "runner": 9100}
SIMULATED = ("exchange-sim", urlsplit(env_file.MARKETS["sim"]["EXCHANGE_REST_URL"]).port or 0)
OUTSIDE = {"front", "monitoring"}


def compose_arrows() -> set[Arrow]:
    """Who shares a network with a server that his environment names, and who is asked from outside."""
    found: set[Arrow] = set()
    for name in OURS:
        words = " ".join(map(str, COMPOSE[name]["environment"].values())) + json.dumps(COMPOSE[name]["environment"])
        for other, port in PORTS.items():
            if is_on_network_of(name, other) and re.search(rf"[/@]{other}:{port}\b", words):
                found.add((name, other, port))
        if is_on_network_of(name, "exchange_sim"):
            found.add((name, *SIMULATED))
    found |= {("monitoring", name, PORTS[name]) for name in OURS if "watched" in COMPOSE[name]["networks"]}
    return found | {("front", name, PORTS[name]) for name in OURS if "ports" in COMPOSE[name]}


def is_on_network_of(name: str, other: str) -> bool:
    return not set(COMPOSE[name]["networks"]).isdisjoint(COMPOSE[other]["networks"])


def ends(objects: list[Manifest], peers: list[Manifest]) -> Iterator[str]:
    """Names of pods, words for namespaces, and `world` or `private` for addresses."""
    for peer in peers:
        if peer.get("ipBlock") == {"cidr": NODE_LOCAL_DNS}:
            yield "dns"
        elif "ipBlock" in peer:
            yield "world" if peer["ipBlock"]["cidr"].endswith("/0") else "private"
        elif "namespaceSelector" in peer:
            (label,) = peer["namespaceSelector"]["matchLabels"].items()
            yield "dns" if label[1] == "kube-system" else label[0].removeprefix("paperfold/")
        else:
            yield from taken(objects, peer["podSelector"])


def policy_arrows(objects: list[Manifest], way: str) -> set[Arrow]:
    """What the policies let out (`egress`), or in (`ingress`)."""
    found: set[Arrow] = set()
    for one in objects:
        if one["kind"] != "NetworkPolicy":
            continue
        assert (way in one["spec"]) <= (way.capitalize() in one["spec"]["policyTypes"])
        for rule in one["spec"].get(way, ()):
            for here in taken(objects, one["spec"]["podSelector"]):
                for there in ends(objects, rule["to" if way == "egress" else "from"]):
                    pair = (here, there) if way == "egress" else (there, here)
                    found |= {(*pair, port["port"]) for port in rule["ports"]}
    return found


def exchange() -> set[int]:
    """Ports of the addresses that the settings name where nothing is simulated."""
    settings = named(build(ROOT / "deploy" / "kubernetes" / "base"))["ConfigMap", "settings"]["data"]
    urls = [urlsplit(settings[f"PAPERFOLD__EXCHANGE__{key}"]) for key in ("REST_URL", "WS_URL")]
    return {url.port or 443 for url in urls if url.scheme in ("https", "wss")}


def test_the_world_is_not_this_network(objects: list[Manifest]) -> None:
    """Whoever may speak with the exchange reaches no neighbour by it."""
    (rule,) = named(objects)["NetworkPolicy", "ingest"]["spec"]["egress"]
    blocks = [peer["ipBlock"] for peer in rule["to"]]
    closed = [ip_network(cidr) for block in blocks for cidr in block["except"]]
    for address in ("10.1.2.3", "172.20.0.1", "192.168.9.9", "169.254.169.254", "100.100.0.1", "fd00::1", "fe80::1"):
        assert any(ip_address(address) in network for network in closed), address


def test_policies_allow_the_arrows_of_compose_and_no_other(objects: list[Manifest]) -> None:
    absent = {"postgres", "redis", "exchange-sim"} - pods(objects).keys()
    wanted = {arrow for arrow in compose_arrows() if arrow[1] not in absent}
    assert policy_arrows(objects, "ingress") == wanted
    inside = {arrow for arrow in wanted if arrow[0] not in OUTSIDE}
    out = policy_arrows(objects, "egress")
    assert {arrow for arrow in out if arrow[1] in {*PORTS, SIMULATED[0]}} == inside
    assert {arrow for arrow in out if arrow[1] == "world"} == {("ingest", "world", port) for port in exchange()}
    private = {(name, PORTS[to]) for name, to, _ in compose_arrows() if to in PORTS.keys() & absent}
    assert {(name, port) for name, to, port in out if to == "private"} == private
    assert {name for name, to, _ in out if to == "dns"} == set(pods(objects))


def test_whoever_is_in_no_policy_speaks_with_nobody(objects: list[Manifest]) -> None:
    nobody = named(objects)["NetworkPolicy", "nobody"]
    assert nobody["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_pod_is_one_of_ours(objects: list[Manifest]) -> None:
    assert {pod["metadata"]["labels"][WHOLE] for pod in pods(objects).values()} == {"paperfold"}
    assert {name for name, pod in pods(objects).items() if pod["metadata"]["labels"][NAME] != name} == set()
