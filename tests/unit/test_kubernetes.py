"""deploy/kubernetes, as far as it can be known without a cluster: schemas, references, and that it is like Compose."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from deploy.image.healthy import ANSWERS
from deploy.kubernetes import secrets as made
from shared.settings import PREFIX, Settings
from tests.support.manifests import Manifest, build, containers, named, pods, taken

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("embedded-stores", "external-stores", "external-stores-unscaled", "simulated-exchange")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
KEDA = json.loads((ROOT / "tests" / "data" / "keda" / "schemas.json").read_text(encoding="utf-8"))
RELEASES = ("1.31", "1.34", kubernetes_validate.latest_version())
OURS = ("api", "dashboard", "ingest", "migrate", "runner")


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[Manifest]:
    return build(FOLDER / "overlays" / request.param)


# --- schemas ---------------------------------------------------------------------------------------------------------


def check(one: Manifest, release: str) -> None:
    """Raise where an object is not what a release of Kubernetes, or KEDA, takes; a field too many is an error."""
    if one["apiVersion"] != "keda.sh/v1alpha1":
        kubernetes_validate.validate(one, release, strict=True)
        return
    jsonschema.validate(one["spec"], KEDA[one["kind"]])
    if one["kind"] == "ScaledObject":
        kubernetes_validate.validate(autoscaler(one["spec"]), release, strict=True)


def autoscaler(spec: Manifest) -> Manifest:
    """What KEDA makes of a ScaledObject."""
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "keda-hpa"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", **spec["scaleTargetRef"]},
            "minReplicas": spec["minReplicaCount"],
            "maxReplicas": spec["maxReplicaCount"],
            **spec["advanced"]["horizontalPodAutoscalerConfig"],
        },
    }


@pytest.mark.parametrize("release", RELEASES)
def test_every_object_is_what_kubernetes_takes(objects: list[Manifest], release: str) -> None:
    assert len(named(objects)) > 20
    for one in objects:
        check(one, release)


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("Deployment", "runner", ("spec", "template", "spec", "containers", 0, "livenesProbe")),
        ("NetworkPolicy", "to-redis", ("spec", "egres")),
        ("PodDisruptionBudget", "api", ("spec", "maxUnavailble")),
        ("ScaledObject", "runner", ("spec", "triggers", 0, "metadata", "targetValue")),
        ("ScaledObject", "runner", ("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaledown")),
    ],
)
def test_a_misspelt_field_is_seen(kind: str, name: str, path: tuple[str | int, ...]) -> None:
    one = copy.deepcopy(named(build(FOLDER / "overlays" / "external-stores"))[kind, name])
    place: Any = one
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = 1
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
        check(one, RELEASES[-1])


@pytest.mark.needs("kubectl")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubectl_builds_the_same(overlay: str) -> None:
    command = ["kubectl", "kustomize", str(FOLDER / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert named(build(FOLDER / "overlays" / overlay)) == named(yaml.safe_load_all(done.stdout))


def test_what_is_not_read_is_refused(tmp_path: Path) -> None:
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    file = tmp_path / "kustomization.yaml"
    file.write_text(head + "generatorOptions: {disableNameSuffixHash: true}\npatches: []\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"\['patches'\] is not read here"):
        build(tmp_path)
    file.write_text(head + "generatorOptions: {disableNameSuffixHash: false}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not a kustomization that is read here"):
        build(tmp_path)


# --- references ------------------------------------------------------------------------------------------------------


def test_a_selector_takes_its_own_and_nobody_else(objects: list[Manifest]) -> None:
    for one in objects:
        kind, name, spec = one["kind"], one["metadata"]["name"], one.get("spec", {})
        if kind in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
            assert taken(objects, spec["selector"]) == {name}, (kind, name)
        if kind == "Service":
            assert taken(objects, {"matchLabels": spec["selector"]}) == {name}
    assert {name for kind, name in named(objects) if kind == "PodDisruptionBudget"} == {*OURS} - {"migrate"}


def test_a_budget_lets_one_pod_go(objects: list[Manifest]) -> None:
    """A node can be emptied, one pod of a kind at a time; two bounds at once are refused, though no schema says so."""
    budgets = [one["spec"] for one in objects if one["kind"] == "PodDisruptionBudget"]
    assert [sorted(spec) for spec in budgets] == [["maxUnavailable", "selector"]] * 4
    assert {spec["maxUnavailable"] for spec in budgets} == {1}


def test_a_service_leads_to_a_port_that_is_open(objects: list[Manifest]) -> None:
    for one in objects:
        if one["kind"] == "Service":
            (container,) = pods(objects)[one["metadata"]["name"]]["spec"]["containers"]
            open_ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            for port in one["spec"]["ports"]:
                assert open_ports[port["targetPort"]] == port["port"]


def test_claims_and_services_of_stateful_sets_exist(objects: list[Manifest]) -> None:
    for (kind, _), one in named(objects).items():
        if kind == "StatefulSet":
            assert ("Service", one["spec"]["serviceName"]) in named(objects)


def volumes_of(one: Manifest) -> set[str]:
    claims = {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", ())}
    return claims | {volume["name"] for volume in one["spec"]["template"]["spec"]["volumes"]}


def test_what_is_mounted_is_there_and_what_is_there_is_mounted(objects: list[Manifest]) -> None:
    for one in objects:
        if one["metadata"]["name"] in pods(objects) and "template" in one.get("spec", {}):
            (container,) = one["spec"]["template"]["spec"]["containers"]
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes_of(one)


def test_every_config_map_that_is_named_exists(objects: list[Manifest]) -> None:
    maps = {name for kind, name in named(objects) if kind == "ConfigMap"}
    asked = {source["configMapRef"]["name"] for one in containers(objects) for source in one.get("envFrom", ())}
    given = [volume["configMap"] for pod in pods(objects).values() for volume in pod["spec"]["volumes"]
             if "configMap" in volume]  # fmt: skip
    assert {one["name"] for one in given if one.get("optional")} == {"ca"}
    assert asked | {one["name"] for one in given if not one.get("optional")} == maps


def test_a_store_s_own_authority_is_found_by_all_who_call_it(objects: list[Manifest]) -> None:
    """Under the path that the handbook writes into addresses; and by nobody else."""
    places = set()
    for name, pod in pods(objects).items():
        (container,) = pod["spec"]["containers"]
        mounted = [mount for mount in container["volumeMounts"] if mount["name"] == "ca"]
        asks = any(env.get("name") == f"{PREFIX}DATABASE__URL" for env in container.get("env", ()))
        assert bool(mounted) == asks, name
        places |= {mount["mountPath"] for mount in mounted}
    (place,) = places
    assert f"sslrootcert={place}/ca.pem" in DOCUMENT
    assert f"ssl_ca_certs={place}/ca.pem" in DOCUMENT


def test_what_is_scaled_is_the_overlay_that_is_not_and_a_rule() -> None:
    """A cluster without KEDA refuses its kinds: everything else stands in an overlay of its own."""
    plain, scaled = (
        named(build(FOLDER / "overlays" / name)) for name in ("external-stores-unscaled", "external-stores")
    )
    more = scaled.keys() - plain.keys()
    assert more == {("ScaledObject", "runner"), ("TriggerAuthentication", "analyst")}
    assert plain == {key: one for key, one in scaled.items() if key not in more}
    assert not [one for one in plain.values() if one["apiVersion"].startswith("keda")]


def secrets(objects: list[Manifest]) -> set[tuple[str, str]]:
    """(Secret, key) of every reference."""
    found = set()
    for container in containers(objects):
        for env in container.get("env", ()):
            if "valueFrom" in env:
                found.add((env["valueFrom"]["secretKeyRef"]["name"], env["valueFrom"]["secretKeyRef"]["key"]))
    for one in objects:
        for ref in one.get("spec", {}).get("secretTargetRef", ()):
            found.add((ref["name"], ref["key"]))
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_that_is_named_is_in_the_handbook(overlay: str) -> None:
    """A row of its table: | `secret` | `key` | overlays | what it is |"""
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \| ([a-z, -]+) \|", DOCUMENT, re.MULTILINE)
    stores = overlay if overlay.startswith("external") else "embedded-stores"
    told = {(secret, key) for secret, key, where in rows if where in ("all", stores)}
    assert secrets(build(FOLDER / "overlays" / overlay)) == told


def test_secrets_for_trying_are_made_all_at_once_and_fit_each_other() -> None:
    command = [sys.executable, "-S", "-m", "deploy.kubernetes.secrets"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    items = json.loads(text.stdout)["items"]
    for one in items:
        check(one, RELEASES[-1])
    keys = {one["metadata"]["name"]: one["stringData"] for one in items if one["kind"] == "Secret"}
    objects = build(FOLDER / "overlays" / "embedded-stores")
    assert {(name, key) for name, values in keys.items() for key in values} == secrets(objects)
    assert made.values()["api"] != keys["api"], "random"
    services = named(objects)
    for key, server, password in (
        ("database-url", "postgres", keys["postgres"]["paperfold-password"]),
        ("redis-url", "redis", keys["redis"]["password"]),
    ):
        url = urlsplit(keys["stores"][key])
        (port,) = services["Service", server]["spec"]["ports"]
        assert (url.hostname, url.port, url.password) == (server, port["port"], password)


def test_no_secret_is_kept_here(objects: list[Manifest]) -> None:
    assert "Secret" not in {one["kind"] for one in objects}
    for container in containers(objects):
        plain = {env["name"]: env["value"] for env in container.get("env", ()) if "value" in env}
        assert not [name for name in plain if re.search("PASSWORD|TOKEN|SECRET|URL|AUTH", name)]


def settings() -> set[str]:
    """Every setting that a service reads, by its name in the environment."""
    return {
        f"{PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        for key in field.annotation.model_fields  # type: ignore[union-attr]
    }


def test_every_setting_is_one_that_services_know(objects: list[Manifest]) -> None:
    (shared,) = (one["data"] for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "settings")
    names = {env["name"] for one in containers(objects) for env in one.get("env", ())} | shared.keys()
    ours = {name for name in names if name.startswith(PREFIX)}
    assert ours <= settings()
    assert {f"{PREFIX}DATABASE__URL", f"{PREFIX}REDIS__URL", f"{PREFIX}API__ADMIN_TOKEN"} <= ours
    for name, text in shared.items():
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        value = json.loads(text) if text[:1] in "[{" else text
        Settings.model_validate({section: {key: value}})


# --- the same as Compose ---------------------------------------------------------------------------------------------


def compose_name(pod: str) -> str:
    return pod.replace("-", "_")


def test_images_are_those_of_compose(objects: list[Manifest]) -> None:
    for name, pod in pods(objects).items():
        (container,) = pod["spec"]["containers"]
        image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE[compose_name(name)]["image"])
        assert container["image"] == image


def test_scripts_lie_where_containers_look_for_them() -> None:
    objects = build(FOLDER / "overlays" / "embedded-stores")
    maps = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}
    for name in ("postgres", "redis"):
        spec = pods(objects)[name]["spec"]
        (container,) = spec["containers"]
        places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"] if "subPath" not in mount}
        (volume,) = (one for one in spec["volumes"] if "configMap" in one)
        there = {f"{places[volume['name']]}/{file}" for file in maps[volume["configMap"]["name"]]}
        asked = [word for word in container["command"] if word.startswith("/etc/paperfold/")]
        assert asked
        assert set(asked) <= there
        assert container["command"] == COMPOSE[name]["command"]
        for mount in container["volumeMounts"]:
            assert "subPath" not in mount or mount["subPath"] in maps[volume["configMap"]["name"]]


def test_pods_are_locked_down_like_containers(objects: list[Manifest]) -> None:
    for name, pod in pods(objects).items():
        spec = pod["spec"]
        user = 999 if name in ("postgres", "redis") else 10001
        context = {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "fsGroup": user}
        assert spec["securityContext"] == context | {"seccompProfile": {"type": "RuntimeDefault"}}, name
        assert spec["automountServiceAccountToken"] is spec["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def megabytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(m|g|Mi|Gi)", text).groups()  # type: ignore[union-attr]
    return int(number) * (1024 if unit in ("g", "Gi") else 1)


def test_limits_and_patience_are_those_of_compose(objects: list[Manifest]) -> None:
    for name, pod in pods(objects).items():
        there = COMPOSE[compose_name(name)]
        (container,) = pod["spec"]["containers"]
        limit = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", there["mem_limit"])
        assert megabytes(container["resources"]["limits"]["memory"]) == megabytes(limit), name
        asked, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert megabytes(asked["memory"]) <= megabytes(limits["memory"])
        if "stop_grace_period" in there:
            assert f"{pod['spec']['terminationGracePeriodSeconds']}s" == there["stop_grace_period"], name


def test_names_are_waited_for_as_in_compose(objects: list[Manifest]) -> None:
    found = 0
    for name, pod in pods(objects).items():
        options = [f"{one['name']}:{one['value']}" for one in pod["spec"].get("dnsConfig", {}).get("options", [])]
        assert options == COMPOSE[compose_name(name)].get("dns_opt", []), name
        found += bool(options)
    assert found == 2


def test_probes_ask_what_the_images_health_check_asks(objects: list[Manifest]) -> None:
    for name, pod in pods(objects).items():
        (container,) = pod["spec"]["containers"]
        if compose_name(name) not in ANSWERS:
            continue
        _, port, path = ANSWERS[compose_name(name)]
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        asked = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert {ports[one["port"]] for one in asked.values()} == {port}
        assert asked["readinessProbe"]["path"] == path
        # a neighbour that is away is no reason to be started again
        assert asked["livenessProbe"]["path"] == asked["startupProbe"]["path"] == path.replace("readyz", "livez")
    for name in {"postgres", "redis"} & pods(objects).keys():
        (container,) = pods(objects)[name]["spec"]["containers"]
        test = COMPOSE[name]["healthcheck"]["test"]
        command = test[1:] if test[0] == "CMD" else ["sh", "-c", test[1]]
        assert container["livenessProbe"]["exec"]["command"] == command


# --- scaling ---------------------------------------------------------------------------------------------------------


def test_runners_are_scaled_by_the_runs_that_one_holds() -> None:
    objects = named(build(FOLDER / "overlays" / "external-stores"))
    spec = objects["ScaledObject", "runner"]["spec"]
    (trigger,) = spec["triggers"]
    capacity = objects["ConfigMap", "settings"]["data"][f"{PREFIX}RUNNER__CAPACITY"]
    assert trigger["metadata"]["targetQueryValue"] == capacity
    assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in objects
    target = objects["Deployment", spec["scaleTargetRef"]["name"]]
    assert "replicas" not in target["spec"], "it would be set back at every apply"
